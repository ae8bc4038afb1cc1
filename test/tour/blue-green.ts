import { spawnSync } from 'node:child_process';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { progressLine } from '../../src/cli/status/progress-line.ts';
import { clusterView } from '../../src/cli/status/view.ts';
import { unknown } from '../../src/core/model/known.ts';
import { awaitedRequest } from '../../src/core/upgrade/bluegreen/awaited.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { clusterHandle, runs, type ClusterHandle } from '../controller-e2e/controller.ts';
import { crashingImage, openbaoImages } from '../openbao/images.ts';
import { cluster, succeed } from '../support/gate.ts';
import { documentedCommands } from '../support/documents.ts';
import { shell } from '../support/shell.ts';
import { provideNamespace } from '../support/namespace.ts';

/** As in the documents, whose commands are run as they are written. */
const [namespace, name] = ['bao', 'prod'];
const [older, newer] = ['2.4.4', '2.5.5'] as const;

/** The commands of these pages, which the tour runs. */
export const tourCommands = async (): Promise<readonly string[]> =>
  (
    await Promise.all(
      ['docs/upgrades/blue-green.md', 'docs/operations/break-glass.md'].map((page) =>
        documentedCommands(page),
      ),
    )
  )
    .flat()
    .map(({ command }) => command);

/** An image that is none of the executor's: its Jobs fail. */
const brokenExecutor = 'rollguard/executor:broken';

/**
 * A blue-green upgrade is tried and given up; it is tried again and taken back after green has led, which fails:
 * break glass, acknowledged too early, then paused, repaired and resumed; and in the end it is carried through.
 *
 * @throws Error naming what did not go as it must
 */
export async function runBlueGreenTour(ground: Ground, say: (text: string) => void): Promise<void> {
  const images = await openbaoImages([older, newer], () => {});
  if (ground.isOwn) {
    await images.prepare(ground);
    await ground.loadImage(await crashingImage(brokenExecutor, '0.0.0'));
  }
  say(`\nOpenBao here: ${images.source}.`);
  await provideNamespace(ground, namespace);
  const prod = clusterHandle(ground, namespace, name);
  const follow = (isDone: (now: OpenBaoCluster) => boolean) => followed(prod, isDone, say);
  const commands = await tourCommands();
  const type = async (command: string) => {
    say(`$ ${command}`);
    say((await shell(command, ground)).trimEnd());
  };
  /** Runs the commands of the documents that hold all of these words. */
  const runDocumented = async (words: readonly string[], nonce = '') => {
    const those = commands.filter((command) => words.every((word) => command.includes(word)));
    if (those.length === 0) throw new Error(`the documents have no command with ${words.join(' and ')}`);
    for (const command of those) await type(command.replaceAll('NONCE', nonce));
  };
  const change = (spec: object) =>
    type(`kubectl patch openbaocluster prod -n bao --type merge -p '${JSON.stringify({ spec })}'`);

  say(`\nA cluster of three, version ${older}, to be upgraded blue-green, with each step let go by hand`);
  const spec = {
    version: older,
    storage: { size: '1Gi' },
    upgrade: { strategy: 'BlueGreen', blueGreen: { autoPromote: false, autoCleanup: false } },
  };
  say(`$ kubectl apply -f -\n${JSON.stringify(spec)}`);
  await succeed(
    ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(cluster(name, spec)) }),
  );
  await follow(runs(older));

  say('\n── An upgrade, given up while green is in sync: it costs nothing ──');
  await change({ version: newer });
  await follow(awaits('promote'));
  showStatus(ground, say);
  await runDocumented(['"rollback"']);
  await follow(isIdle);

  say(
    '\n── The same again, and back after green has led; but the Jobs of the rollback have a wrong image ──',
  );
  await runDocumented(['"retry"']);
  await follow(awaits('promote'));
  await runDocumented(['"promote"']);
  await follow(awaits('cleanup'));
  await change({ upgrade: { executorImage: ground.isOwn ? brokenExecutor : `openbao/openbao:${newer}` } });
  await runDocumented(['"rollback"']);
  const first = nonceOf(await follow(isBroken('')));

  say('\n── Break glass ──');
  showStatus(ground, say);
  await runDocumented(['.status.breakGlass}']);
  await runDocumented(['kubectl logs']);
  await runDocumented(['kubectl get pods']);
  say('\nAcknowledged too early: nothing is mended');
  await runDocumented(['{"breakGlassAck"'], first);
  const second = nonceOf(await follow(isBroken(first)));
  say('\nPaused, mended, and resumed with the acknowledgement of the second incident');
  await runDocumented(['"paused":true']);
  await change({ upgrade: { executorImage: null } });
  await runDocumented(['"paused":false'], second);
  await follow(isIdle);

  say('\n── And through to the end ──');
  await runDocumented(['"retry"']);
  await follow(awaits('promote'));
  await runDocumented(['"promote"']);
  await follow(awaits('cleanup'));
  showStatus(ground, say);
  await runDocumented(['"cleanup"']);
  await follow(runs(newer));
  showStatus(ground, say);
}

const awaits =
  (request: 'promote' | 'cleanup') =>
  ({ status: { blueGreen } = {} }: OpenBaoCluster): boolean =>
    blueGreen !== undefined && awaitedRequest(blueGreen) === request;

const isIdle = ({ status }: OpenBaoCluster): boolean => status?.blueGreen?.phase === 'Idle';

/** Whether an incident waits that is not this one. */
const isBroken =
  (nonce: string) =>
  ({ status }: OpenBaoCluster): boolean =>
    status?.breakGlass?.active === true && status.breakGlass.nonce !== nonce;

const nonceOf = ({ status }: OpenBaoCluster): string => status?.breakGlass?.nonce ?? '';

/** What `rollguard status` says. */
function showStatus({ kubeconfig }: Ground, say: (text: string) => void): void {
  say(`$ rollguard status ${name} -n ${namespace}`);
  const { stdout } = spawnSync(process.execPath, ['src/main.ts', 'status', name, '-n', namespace], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    encoding: 'utf8',
  });
  say(stdout.trimEnd());
}

/** A line for each step, with the seconds since the beginning, until it is done. */
async function followed(
  prod: ClusterHandle,
  isDone: (cluster: OpenBaoCluster) => boolean,
  say: (text: string) => void,
): Promise<OpenBaoCluster> {
  const begun = Date.now();
  let last = '';
  return prod.until(
    'what was asked for',
    (now) => {
      const line = progressLine(clusterView(now, unknown('not asked for'), Date.now()));
      if (line !== last) say(`  ${((Date.now() - begun) / 1000).toFixed(1).padStart(5)} s  ${line}`);
      last = line;
      return isDone(now);
    },
    300_000,
  );
}
