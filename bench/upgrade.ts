/**
 * `npm run bench -- upgrade`: a rolling upgrade of three members under a steady writer, beside its floor: the same
 * pods restarted by hand one after another, each until it has caught up, and one step-down. Floor and upgrade are
 * measured on the same cluster, one right after the other. Unless ROLLGUARD_UPGRADE names two versions, an upgrade
 * across 2.6, whose members do not hear each other meanwhile, is measured beside one below it.
 */
import { runs } from '../test/controller-e2e/controller.ts';
import { longestGap, type Members } from '../test/controller-e2e/members.ts';
import { askedPair } from '../test/controller-e2e/prepare.ts';
import type { Writer } from '../test/controller-e2e/writer.ts';
import { seconds, verdict } from './report.ts';
import { name, underWriter, type UnderWriter } from './under-writer.ts';

const only = askedPair();
const pairs =
  only === undefined
    ? ([
        ['2.4.4', '2.5.5'],
        ['2.5.5', '2.6.2'],
      ] as const)
    : [only];

await underWriter({}, pairs, measure, ([below, across]) =>
  below === undefined || across === undefined
    ? []
    : ['', verdict('time across 2.6, of that below', across / below, 'at most', 1.1)],
);

/** @returns how long the upgrade took once its checks had passed, in ms */
async function measure(
  { older, newer, cluster, members, writer }: UnderWriter,
  say: (line: string) => void,
): Promise<number> {
  // By hand, with the controller standing by.
  await cluster.patch({ spec: { paused: true } });
  const floor = await restartAll(members, writer);
  await cluster.patch({ spec: { paused: false } });
  await cluster.until('well again', runs(older));
  await members.leadFrom(`${name}-0`);

  const begun = Date.now();
  await cluster.patch({ spec: { version: newer } });
  await cluster.until('past its checks', ({ status }) => status?.upgrade?.currentPartition !== undefined);
  const checkedMs = Date.now() - begun;
  await cluster.until('upgraded', ({ status }) => status?.currentVersion === newer, 300_000);
  const totalMs = Date.now() - begun - checkedMs;
  const gapMs = longestGap(writer.gaps(), begun);
  const { lost } = await writer.stop();

  const lines = [
    ...floor.restarts.map(({ pod, ms }) => `  ${pod} restarted by hand, caught up after ${seconds(ms)}`),
    `  step-down by hand, another leads after ${seconds(floor.stepDownMs)}`,
    `  floor ${seconds(floor.totalMs)}, longest write gap in it ${seconds(floor.gapMs)}`,
    `  checks before anything was touched ${seconds(checkedMs)}`,
    `  upgrade ${seconds(totalMs)}, longest write gap ${seconds(gapMs)}, acknowledged writes lost ${lost.length}`,
    verdict('time, of the floor', totalMs / floor.totalMs, 'at most', 1.25),
    verdict('write gap, of the one by hand', gapMs / floor.gapMs, 'at most', 1.5),
    verdict('acknowledged writes lost', lost.length, 'at most', 0),
  ];
  say(lines.join('\n'));
  return totalMs;
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
