/**
 * `npm run bench -- bluegreen`: a blue-green upgrade of three members to three others under a steady writer,
 * beside its floor: green's members from their StatefulSet to caught up, each given its vote by hand, and one
 * step-down by hand. Floor and upgrade are measured on the same cluster, one after the other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { greenRevision } from '../src/core/model/members.ts';
import { setName } from '../src/core/model/names.ts';
import { isBackOn, type ClusterHandle } from '../test/controller-e2e/controller.ts';
import { longestGap, type Members } from '../test/controller-e2e/members.ts';
import { newer, older } from '../test/controller-e2e/prepare.ts';
import { until } from '../test/certs/recording-logger.ts';
import type { Writer } from '../test/controller-e2e/writer.ts';
import { seconds, verdict } from './report.ts';
import { name, underWriter } from './under-writer.ts';

const upgrade = { strategy: 'BlueGreen', blueGreen: { autoPromote: false } } as const;

await underWriter({ upgrade }, [[older, newer]], async ({ cluster, members, writer }, say) => {
  const floor = await byHand(cluster, members, writer);

  await cluster.patch({ spec: { paused: false, upgrade: { requests: { rollback: now() } } } });
  await cluster.until('back', isBackOn(older), 300_000);
  // Two step-downs within 15 s stop the writes for 10 s (docs/facts/openbao-measured.md, 0.5).
  await sleep(16_000);

  const asked = Date.now();
  await cluster.patch({
    spec: { upgrade: { blueGreen: { autoPromote: true }, requests: { retry: now() } } },
  });
  const { status } = await cluster.until(
    'past its checks',
    (at) => at.status?.blueGreen?.phase === 'DeployingGreen',
  );
  const begun = Date.now();
  const green = setName(name, greenRevision(status) ?? '');
  const { count: changes, last: leads, end: endCount } = countLeaders(members);
  const phases = watchPhases(cluster, begun);
  await until('green leads', () => leads()?.startsWith(`${green}-`) === true, 300_000);
  const ledMs = Date.now() - begun;
  await cluster.until('upgraded', (at) => at.status?.currentVersion === newer, 300_000);
  const totalMs = Date.now() - begun;
  const gaps = writer.gaps().filter(({ from }) => from >= begun);
  const gapMs = longestGap(gaps, begun);
  await endCount();
  const course = await phases.end();
  const { lost } = await writer.stop();

  const floorMs = floor.joinMs + floor.votesMs + floor.stepDownMs;
  const lines = [
    `  by hand: green up and caught up ${seconds(floor.joinMs)}, its votes ${seconds(floor.votesMs)},`,
    `    blue's votes away ${seconds(floor.demotionMs)} (no part of the floor),`,
    `    step-down until green leads ${seconds(floor.stepDownMs)}, write gap ${seconds(floor.gapMs)}`,
    `  checks before anything was made ${seconds(begun - asked)}`,
    `  upgrade: green leads after ${seconds(ledMs)}, blue is gone after ${seconds(totalMs)}`,
    ...course.map((line) => `    ${line}`),
    ...gaps
      .filter(({ ms }) => ms >= 500)
      .map(({ from, ms }) => `    no write from ${seconds(from - begun)} for ${seconds(ms)}`),
    verdict('time until green leads, of the floor', ledMs / floorMs, 'at most', 1.25),
    verdict(
      "the same, with blue's votes in the floor",
      ledMs / (floorMs + floor.demotionMs),
      'at most',
      1.25,
    ),
    verdict('time until blue is gone, of the floor', totalMs / floorMs, 'at most', 1.25),
    verdict('write gap, of the one by hand', gapMs / floor.gapMs, 'at most', 1.5),
    verdict('leadership changes', changes(), 'at most', 1),
    verdict('acknowledged writes lost', lost.length, 'at most', 0),
  ];
  say(lines.join('\n'));
});

interface Floor {
  readonly joinMs: number;
  readonly votesMs: number;
  readonly demotionMs: number;
  readonly stepDownMs: number;
  readonly gapMs: number;
}

/** The controller makes the second StatefulSet, and then stands by: what follows is done by hand. */
async function byHand(cluster: ClusterHandle, members: Members, writer: Writer): Promise<Floor> {
  await cluster.patch({ spec: { version: newer } });
  const { status } = await cluster.until(
    'green is made',
    (at) => at.status?.blueGreen?.phase === 'DeployingGreen',
  );
  const begun = Date.now();
  const set = setName(name, greenRevision(status) ?? '');
  const green = [0, 1, 2].map((ordinal) => `${set}-${ordinal}`);
  const index = await members.index();
  for (const pod of green) await members.untilCaughtUp(pod, index);
  const joinMs = Date.now() - begun;
  await cluster.until('in sync', (at) => at.status?.blueGreen?.syncedAt !== undefined);
  await cluster.patch({ spec: { paused: true } });
  await sleep(2_000);

  const promoted = Date.now();
  for (const pod of green) await members.promote(pod);
  const votesMs = Date.now() - promoted;
  const leader = (await members.leader()) ?? '';
  const demoted = Date.now();
  for (const ordinal of [2, 1, 0]) {
    const pod = `${name}-${ordinal}`;
    if (pod !== leader) await members.demote(pod);
  }
  const demotionMs = Date.now() - demoted;
  const asked = Date.now();
  await members.stepDown(leader);
  await members.untilAnotherLeads(leader);
  const stepDownMs = Date.now() - asked;
  await sleep(2_000);
  return { joinMs, votesMs, demotionMs, stepDownMs, gapMs: longestGap(writer.gaps(), promoted) };
}

/** How often another member came to lead, and which did last. */
function countLeaders(members: Members): {
  readonly count: () => number;
  readonly last: () => string | undefined;
  readonly end: () => Promise<void>;
} {
  let count = -1;
  let last: string | undefined;
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      const leader = await members.leader().catch(() => undefined);
      if (leader !== undefined && leader !== last) {
        count += 1;
        last = leader;
      }
      await sleep(100);
    }
  })();
  return {
    count: () => count,
    last: () => last,
    async end() {
      over.abort();
      await running;
    },
  };
}

/** When each phase began, and each Job was waited for. */
function watchPhases(
  cluster: ClusterHandle,
  begun: number,
): { readonly end: () => Promise<readonly string[]> } {
  const lines: string[] = [];
  let last = '';
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      const { phase = '', waitingFor = '' } = (await cluster.read()).status?.blueGreen ?? {};
      const line = `${phase}${waitingFor === '' ? '' : `: waits for ${waitingFor}`}`;
      if (line !== last) lines.push(`${seconds(Date.now() - begun)} ${line}`);
      last = line;
      await sleep(100);
    }
  })();
  return {
    async end() {
      over.abort();
      await running;
      return lines;
    },
  };
}

function now(): string {
  return new Date().toISOString();
}
