/**
 * `npm run bench -- release`: releases of a MetadataServices under a client that asks the Service of no color all the
 * while, each beside its floor: the windows that are configured, and for a good one how long its pods take to be
 * ready when a Deployment of the same image is made by hand.
 */
import { startGround } from '../test/cluster/test-cluster.ts';
import { driverOn } from '../test/controller-e2e/controller.ts';
import { isStable, newest, serves, servicesHandle, startPoller } from '../test/release/services.ts';
import { prepareReleases } from '../test/release/prepare.ts';
import { succeed } from '../test/support/gate.ts';
import { seconds, verdict } from './report.ts';

const namespace = 'bench';
const name = 'sample1';
/** Milliseconds. */
const windows = { readinessTimeout: 20_000, gracePeriod: 5_000, cleanupDelay: 20_000 };
const rollout = Object.fromEntries(Object.entries(windows).map(([window, ms]) => [window, `${ms / 1000}s`]));
const tags = (tag: string) => ({ storage: { imageTag: tag }, schema: { imageTag: tag } });
const say = (line: string) => void process.stdout.write(`${line}\n`);

const ground = await startGround({ size: 'node' });
try {
  await bench();
} finally {
  await ground.stop();
}

async function bench(): Promise<void> {
  await prepareReleases(ground, namespace);
  const driver = await driverOn(ground);
  await driver.start();
  try {
    const services = servicesHandle(ground, namespace, name);
    await services.apply({ ...tags('1.0'), rollout });
    await services.until('the first release', serves('1.0'));
    const poller = await startPoller(ground, namespace, `${name}-storage`);
    const readyMs = await byHand();
    /** Milliseconds from a change to what it leads to. */
    const timed = async (change: () => Promise<unknown>, isSo: Parameters<typeof services.until>[1]) => {
      const begun = Date.now();
      await change();
      await services.until('so', isSo);
      return Date.now() - begun;
    };

    const goodMs = await timed(
      () => services.patch({ spec: tags('1.1') }),
      (now) => now.status?.step === 'Watching',
    );
    const [first = ''] = ((await services.read()).status?.releaseHistory ?? []).map(({ version }) => version);
    const backMs = await timed(
      () => services.annotate(`e6data.io/rollback-to=${first}`),
      (now) => now.status?.activeReleaseVersion === first,
    );
    await services.until('at rest', isStable);
    const failedMs = await timed(
      () => services.patch({ spec: tags('never-ready') }),
      (now) => newest(now)?.storageTag === 'never-ready',
    );
    await services.until('at rest', isStable);
    const fastMs = await timed(
      () => services.patch({ spec: { ...tags('crashes'), rollout: { failFast: true } } }),
      (now) => newest(now)?.storageTag === 'crashes',
    );
    await services.until('at rest', isStable);
    const { answered, failures } = await poller.stop();

    const goodFloor = readyMs + windows.gracePeriod;
    say(`\nwindows: ${JSON.stringify(rollout)}`);
    say(`  a Deployment by hand, ready after ${seconds(readyMs)}`);
    say(`  good release, has the traffic after ${seconds(goodMs)}; floor ${seconds(goodFloor)}`);
    say(`  never ready, found out after ${seconds(failedMs)}; floor ${seconds(windows.readinessTimeout)}`);
    say(`  crash loop with failFast, found out after ${seconds(fastMs)}`);
    say(`  rollback by hand while the old color is there, has the traffic after ${seconds(backMs)}`);
    say(`  ${answered} requests answered, ${failures.length} lost`);
    for (const failure of failures.slice(0, 5)) say(`    ${failure}`);
    say(verdict('good release, of its floor', goodMs / goodFloor, 'at most', 1.5));
    say(verdict('detection, of the window', failedMs / windows.readinessTimeout, 'at most', 1.25));
    say(verdict('seconds to go back', backMs / 1000, 'at most', 5));
    say(verdict('requests lost', failures.length, 'at most', 0));
  } finally {
    await driver.stop();
  }
}

/** How long the pods of a release take to be ready, made and probed as the controller does. */
async function byHand(): Promise<number> {
  const kubectl = (...args: readonly string[]) => succeed(ground.kubectl(['-n', namespace, ...args]));
  const { stdout } = await kubectl('get', 'deployment', `${name}-storage-blue`, '-o', 'json');
  const { spec } = JSON.parse(stdout) as {
    spec: { replicas: number; template: { metadata: object; spec: object } };
  };
  const labels = { app: 'by-hand' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'by-hand' },
    spec: {
      replicas: spec.replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: spec.template.spec },
    },
  };
  const begun = Date.now();
  await succeed(ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(deployment) }));
  await kubectl('rollout', 'status', 'deployment/by-hand', '--timeout=120s');
  const ms = Date.now() - begun;
  await kubectl('delete', 'deployment', 'by-hand');
  return ms;
}
