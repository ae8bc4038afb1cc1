import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { Ground, KubectlResult } from '../cluster/test-cluster.ts';
import { clusterHandle, runs } from '../controller-e2e/controller.ts';
import { openbaoImages } from '../openbao/images.ts';
import { cluster, succeed } from '../support/gate.ts';
import { provideNamespace } from '../support/namespace.ts';

const namespace = 'demo';
const [older, newer] = ['2.5.5', '2.6.2'] as const;

/** One thing that the tour tries, and what must come of it. */
export interface Attempt {
  readonly title: string;
  readonly args: readonly string[];
  /** The reason of the refusal; absent where it must pass. */
  readonly reason?: string;
}

const patch = (spec: object): readonly string[] => [
  'patch',
  'openbaocluster',
  'prod',
  '--type=merge',
  '-p',
  JSON.stringify({ spec }),
];

/** What is tried before the upgrade. */
const before: readonly Attempt[] = [
  {
    title: 'A pod deleted unannounced',
    args: ['delete', 'pod', 'prod-0'],
    reason: 'MaintenanceRequired',
  },
  {
    title: 'An image that is another version',
    args: patch({ version: newer, image: `openbao/openbao:${older}` }),
    reason: 'ImageVersionMismatch',
  },
];

/** What is tried after it. */
const after: readonly Attempt[] = [
  { title: 'A downgrade', args: patch({ version: older }), reason: 'DowngradeBlocked' },
  {
    title: 'An acknowledgement of an incident that does not exist',
    args: patch({ breakGlassAck: 'the-nonce-of-last-week' }),
    reason: 'NoActiveBreakGlass',
  },
  { title: 'Maintenance, announced', args: patch({ maintenance: { enabled: true } }) },
];

export const attempts: readonly Attempt[] = [...before, ...after];

/**
 * A cluster comes up by itself, refuses what must not be, is upgraded, and is maintained.
 *
 * @throws Error naming what did not go as it must
 */
export async function runTour(ground: Ground, say: (text: string) => void): Promise<void> {
  const images = await openbaoImages([older, newer], () => {});
  if (ground.isOwn) await images.prepare(ground);
  say(`\nOpenBao here: ${images.source}.`);
  await provideNamespace(ground, namespace);
  const prod = clusterHandle(ground, namespace, 'prod');

  say(`\nA cluster of three, version ${older}\n$ kubectl -n ${namespace} apply -f -`);
  const spec = { version: older, storage: { size: '1Gi' } };
  say((await succeed(kubectl(ground, ['apply', '-f', '-'], cluster('prod', spec)))).stdout.trimEnd());
  await follow(prod, runs(older), say);
  await tryAll(ground, before, say);

  say(`\nAn upgrade\n$ kubectl -n ${namespace} ${patch({ version: newer }).map(quoted).join(' ')}`);
  await succeed(kubectl(ground, patch({ version: newer })));
  await follow(prod, runs(newer), say);
  await tryAll(ground, after, say);
  await untilDeleted(ground, say);
  say('');
  say((await succeed(kubectl(ground, ['get', 'bao']))).stdout);
}

const kubectl = (ground: Ground, args: readonly string[], input?: object): Promise<KubectlResult> =>
  ground.kubectl(['-n', namespace, ...args], {
    timeoutMs: 60_000,
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });

async function tryAll(ground: Ground, those: readonly Attempt[], say: (text: string) => void): Promise<void> {
  for (const { title, args, reason } of those) {
    say(`\n${title}\n$ kubectl -n ${namespace} ${args.map(quoted).join(' ')}`);
    const answer = await kubectl(ground, args);
    say(`${answer.stdout}${answer.stderr}`.trimEnd());
    if (!isExpected(answer, reason)) throw new Error(`the tour expected ${reason ?? 'success'} of: ${title}`);
  }
}

function isExpected({ code, stderr }: KubectlResult, reason: string | undefined): boolean {
  return reason === undefined ? code === 0 : code !== 0 && stderr.includes(`(${reason})`);
}

/** The controller annotates the pods within moments of the announcement; then one may go. */
async function untilDeleted(ground: Ground, say: (text: string) => void): Promise<void> {
  const args = ['delete', 'pod', 'prod-0', '--wait=false'];
  say(`\nThe same pod, deleted in maintenance\n$ kubectl -n ${namespace} ${args.join(' ')}`);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { code, stdout } = await kubectl(ground, args);
    if (code === 0) return say(stdout.trimEnd());
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the tour expected the pod to go in maintenance');
}

/** A line for each step, with the seconds since the beginning, until it is done. */
async function follow(
  prod: ReturnType<typeof clusterHandle>,
  isDone: (cluster: OpenBaoCluster) => boolean,
  say: (text: string) => void,
): Promise<void> {
  const begun = Date.now();
  let last = '';
  await prod.until(
    'what was asked for',
    (now) => {
      const line = lineOf(now);
      if (line !== last) say(`  ${((Date.now() - begun) / 1000).toFixed(1).padStart(5)} s  ${line}`);
      last = line;
      return isDone(now);
    },
    300_000,
  );
}

function lineOf({ spec, status }: OpenBaoCluster): string {
  const { upgrade } = status ?? {};
  const step = upgrade === undefined ? (status?.phase ?? 'Pending') : `Upgrading: ${upgrade.phase}`;
  const ordinal = upgrade?.replacing?.ordinal ?? upgrade?.catchUp?.[0]?.ordinal;
  const on = ordinal === undefined ? '' : ` prod-${ordinal}`;
  const leader = status?.activeLeader === undefined ? 'no leader' : `leader ${status.activeLeader}`;
  return `${`${step}${on}`.padEnd(32)} ${leader}, ${status?.readyReplicas ?? 0} of ${spec.replicas ?? 3} ready`;
}

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`);
