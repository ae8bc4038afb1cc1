import type { MetadataServices } from '../../src/api/metadataservices.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { until } from '../certs/recording-logger.ts';
import { baseImage } from '../cluster/images.ts';
import { loadServiceImages } from '../release/images.ts';
import { isStable, newest, serves, servicesHandle, startPoller } from '../release/services.ts';
import { shell } from '../support/shell.ts';
import { provideNamespace } from '../support/namespace.ts';

/** As in docs/metadataservices.md. */
const [namespace, name] = ['autoscalingv2', 'sample1'];
const [older, newer, missing] = ['1.0', '1.1', '1.0.999-nonexistent'];

/** Below a registry that refuses at once, so that what the node does not have is an error and no long wait. */
const imageRepository = 'localhost:1/e6data';

const conditions = `{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}`;
const history = `{range .status.releaseHistory[*]}{.version}  {.strategy}  {.storageTag}  {.status}  {.reason}{.rollbackBy} {.rollbackReason}{"\\n"}{end}`;

/**
 * A release takes over, one that cannot be pulled rolls itself back, requests to roll back are refused and answered,
 * and a person goes back by the annotation; under a client that asks all the while.
 *
 * @throws Error naming what did not go as it must
 */
export async function runReleaseTour(ground: Ground, say: (text: string) => void): Promise<void> {
  await ground.loadImage(await baseImage([], () => {}));
  await loadServiceImages(ground, { [older]: 'good', [newer]: 'good' }, imageRepository);
  say('\nThe services here: a few lines of Node.js that answer with their tag.');
  await provideNamespace(ground, namespace);
  const sample1 = servicesHandle(ground, namespace, name);
  const begun = Date.now();
  const type = async (command: string) => {
    say(`$ ${command}`);
    const answer = (await shell(command, ground)).trimEnd();
    say(answer);
    return answer;
  };
  const denied = async (command: string, reason: string) => {
    say(`$ ${command}`);
    const answer = (await shell(`${command} || true`, ground)).trimEnd();
    say(answer);
    if (!answer.includes(`(${reason})`)) throw new Error(`the tour expected ${reason} of: ${command}`);
  };
  const mds = `kubectl -n ${namespace} get mds ${name}`;
  const patch = (spec: object) =>
    type(`kubectl -n ${namespace} patch mds ${name} --type merge -p '${JSON.stringify({ spec })}'`);
  const annotate = `kubectl -n ${namespace} annotate mds ${name}`;
  /** The newest ones, once the awaited one is there: Events follow the status. */
  const showEvents = async (last: number, awaited: string) => {
    const command = `kubectl -n ${namespace} get events --field-selector involvedObject.name=${name} --sort-by=.eventTime --no-headers -o custom-columns=TYPE:.type,REASON:.reason,MESSAGE:.message | tail -n ${last}`;
    await until(`the Event ${awaited}`, async () => (await shell(command, ground)).includes(awaited));
    await type(command);
  };
  const follow = async (isDone: (now: MetadataServices) => boolean) => {
    let last = '';
    return sample1.until('what was asked for', (now) => {
      const line = lineOf(now);
      if (line !== last) say(`  ${((Date.now() - begun) / 1000).toFixed(1).padStart(5)} s  ${line}`);
      last = line;
      return isDone(now);
    });
  };

  say('\n── The first release; the windows are short here, the defaults are page 003’s two minutes ──');
  const rollout = { readinessTimeout: '90s', gracePeriod: '3s', cleanupDelay: '3s', failFast: true };
  const spec = { imageRepository, storage: { imageTag: older }, schema: { imageTag: older }, rollout };
  say(`$ kubectl apply -f -\n${JSON.stringify(spec)}`);
  await sample1.apply(spec);
  const first = (await follow(serves(older))).status?.activeReleaseVersion ?? '';
  await type(mds);
  const client = await startPoller(ground, namespace, `${name}-storage`);
  say(`\nFrom here on a client asks the Service ${name}-storage, about 50 times a second.`);

  say('\n── A release: it gets the traffic when all of it is ready and has stayed so ──');
  await patch({ storage: { imageTag: newer }, schema: { imageTag: newer } });
  await follow(serves(newer));
  await type(mds);

  say(
    '\n── A tag that does not exist: it rolls itself back (at once with failFast, else when its window ends) ──',
  );
  await patch({ storage: { imageTag: missing } });
  await follow((now) => isStable(now) && newest(now)?.status === 'Failed');
  await type(`${mds} -o wide`);
  await type(`${mds} -o jsonpath='${conditions}'`);
  await showEvents(4, 'RollbackComplete');

  say(
    '\n── What is refused: a rollback to nothing, one to a release that there is none of, one by anybody ──',
  );
  await denied(`${annotate} e6data.io/rollback-to=`, 'RollbackTargetEmpty');
  say(
    '\nAn unknown one is allowed, as page 003 has it, with a warning; the controller takes it off and says why',
  );
  await type(`${annotate} e6data.io/rollback-to=v20241106-000000-invalid`);
  await sample1.until('answered', ({ status }) => status?.rollback?.state === 'Refused');
  await showEvents(1, 'RollbackTargetUnknown');
  say('\nJane may edit MetadataServices, but not roll them back');
  await type(
    `kubectl -n ${namespace} create role editor --verb=get,patch --resource=metadataservices.e6data.io`,
  );
  await type(`kubectl -n ${namespace} create rolebinding jane-edits --role=editor --user=jane`);
  await denied(`${annotate} --as jane e6data.io/rollback-to=${first}`, 'PermissionRequired');

  say('\n── A rollback by a person who may, with a reason ──');
  await type(
    `kubectl -n ${namespace} create rolebinding jane-rolls-back --clusterrole=rollguard-metadataservices-operator --user=jane`,
  );
  await type(
    `${annotate} --as jane e6data.io/rollback-to=${first} e6data.io/rollback-reason="${newer} answers slowly"`,
  );
  await follow((now) => serves(older)(now) && now.status?.activeReleaseVersion !== first);
  await type(mds);
  await type(`${mds} -o jsonpath='${history}'`);
  await showEvents(6, 'Rollback to');

  const { answered, failures, tags } = await client.stop();
  say(`\nThe client: ${answered} requests answered, ${failures.length} lost, by ${tags.join(', then ')}.`);
  if (failures.length > 0) throw new Error(`the tour expected no lost request: ${failures.join('; ')}`);
}

function lineOf({ status = {} }: MetadataServices): string {
  const { deploymentPhase = '', step = '', activeStrategy, pendingStrategy, waitingFor = '' } = status;
  const serving = activeStrategy === undefined ? 'nothing serves' : `${activeStrategy} serves`;
  const prepared = pendingStrategy === undefined ? '' : `, ${pendingStrategy} is prepared`;
  const what = waitingFor.length > 110 ? `${waitingFor.slice(0, 110)}…` : waitingFor;
  return `${`${deploymentPhase} ${step}`.padEnd(26)} ${serving}${prepared}${what === '' ? '' : `: ${what}`}`;
}
