/**
 * `npm run bench -- upgrade`: a rolling upgrade of three members under a steady writer, beside its floor: the
 * same pods restarted by hand one after another, each until it has caught up, and one step-down (issue 4,
 * section 3). Floor and upgrade are measured on the same cluster, one right after the other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startGround, type PodNetwork } from '../test/cluster/ground.ts';
import { rollguardImage } from '../test/cluster/images.ts';
import { provideVolumes } from '../test/cluster/volumes.ts';
import { clusterHandle, driverOn, prepareDriver, runs } from '../test/driver/driver.ts';
import { longestGap, membersOf, type Members } from '../test/driver/members.ts';
import { startWriter, writerRequests, type Writer } from '../test/driver/writer.ts';
import { openbaoImages } from '../test/openbao/images.ts';
import { verdict } from './report.ts';

const namespace = 'bench';
const name = 'prod';
const network: PodNetwork = process.argv.includes('--bridge') ? 'bridge' : 'ptp';
const say = (line: string) => void process.stdout.write(`${line}\n`);

const ground = await startGround({ size: 'node', network });
const endVolumes = provideVolumes(ground);
try {
  await bench();
} finally {
  await endVolumes();
  await ground.stop();
}

async function bench(): Promise<void> {
  const images = await openbaoImages(['2.4.4', '2.5.5'], say);
  await images.prepare(ground);
  await ground.loadImage(await rollguardImage(() => {}));
  await prepareDriver(ground, namespace);
  const driver = await driverOn(ground);
  await driver.start();
  try {
    const cluster = clusterHandle(ground, namespace, name);
    await cluster.create({
      version: '2.4.4',
      storage: { size: '1Gi' },
      selfInit: { requests: writerRequests(namespace) },
    });
    await cluster.until('up', runs('2.4.4'));
    const members = await membersOf(ground, namespace, name);
    const writer = await startWriter(ground, namespace, name);
    await sleep(2_000);

    // By hand, with the controller standing by.
    await cluster.patch({ spec: { paused: true } });
    const floor = await restartAll(members, writer);
    await cluster.patch({ spec: { paused: false } });
    await cluster.until('well again', runs('2.4.4'));
    await members.leadFrom(`${name}-0`);

    const begun = Date.now();
    await cluster.patch({ spec: { version: '2.5.5' } });
    await cluster.until('past its checks', ({ status }) => status?.upgrade?.currentPartition !== undefined);
    const checkedMs = Date.now() - begun;
    await cluster.until('upgraded', ({ status }) => status?.currentVersion === '2.5.5', 300_000);
    const totalMs = Date.now() - begun - checkedMs;
    const gapMs = longestGap(writer.gaps(), begun);
    const { lost } = await writer.stop();

    say(`\nOpenBao: ${images.kind === 'real' ? 'real servers' : 'the model'}, pod network: ${network}`);
    for (const { pod, ms } of floor.restarts)
      say(`  ${pod} restarted by hand, caught up after ${seconds(ms)}`);
    say(`  step-down by hand, another leads after ${seconds(floor.stepDownMs)}`);
    say(`  floor ${seconds(floor.totalMs)}, longest write gap in it ${seconds(floor.gapMs)}`);
    say(`  checks before anything was touched ${seconds(checkedMs)}`);
    say(
      `  upgrade ${seconds(totalMs)}, longest write gap ${seconds(gapMs)}, acknowledged writes lost ${lost.length}`,
    );
    say(verdict('time, of the floor', totalMs / floor.totalMs, 'at most', 1.25));
    say(verdict('write gap, of the one by hand', gapMs / floor.gapMs, 'at most', 1.5));
    say(verdict('acknowledged writes lost', lost.length, 'at most', 0));
    await members.close();
  } finally {
    await driver.stop();
  }
}

interface Floor {
  readonly restarts: readonly { readonly pod: string; readonly ms: number }[];
  readonly stepDownMs: number;
  readonly totalMs: number;
  readonly gapMs: number;
}

/** From the highest ordinal down, each until it has caught up; the leader hands over first. */
async function restartAll(members: Members, writer: Writer): Promise<Floor> {
  const begun = Date.now();
  await members.leadFrom(`${name}-0`);
  const restarts = [];
  let stepDownMs = 0;
  for (const ordinal of [2, 1, 0]) {
    const pod = `${name}-${ordinal}`;
    if ((await members.leader()) === pod) {
      const asked = Date.now();
      await members.stepDown(pod);
      await members.untilAnotherLeads(pod);
      stepDownMs = Date.now() - asked;
    }
    restarts.push({ pod, ms: await members.restart(pod) });
  }
  const totalMs = restarts.reduce((sum, { ms }) => sum + ms, stepDownMs);
  return { restarts, stepDownMs, totalMs, gapMs: longestGap(writer.gaps(), begun) };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
