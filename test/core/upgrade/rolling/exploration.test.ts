import { expect } from 'chai';
import { defaultDeadlines } from '../../../../src/core/model/decision.ts';
import { controllerMishaps, pick, randomOf, slowed, wander, sized } from '../../../support/walks.ts';
import { durations } from './simulated-cluster.ts';
import { WatchedCluster } from './watched-cluster.ts';

/** Shorter than in production, so that a walk sees deadlines pass. */
const deadlines = {
  ...defaultDeadlines,
  preChecks: 120_000,
  snapshot: 120_000,
  replacing: 120_000,
  catchingUp: 120_000,
};

/** Everything that may go wrong or be asked for in between; each by one name. */
const happenings: Readonly<Record<string, (world: WatchedCluster, random: () => number) => void>> = {
  ...controllerMishaps,
  'pod killed': (world, random) => world.kill(Math.floor(random() * world.replicas)),
  'leader lost': (world) => {
    if (world.leader !== undefined) world.blockedUntil[world.leader] = world.now + 5_000;
    if (world.leader !== undefined) world.lose();
  },
  'leadership moves': (world, random) => {
    const up = [...world.pods]
      .filter(([, pod]) => pod.up && pod.endsAt === undefined)
      .map(([ordinal]) => ordinal);
    const heir = pick(up, random);
    if (heir !== undefined && world.leader !== undefined) world.leads(heir);
  },
  'leader killed': (world) => {
    if (world.leader !== undefined) world.kill(world.leader);
  },
  'job lost': (world, random) => {
    world.jobs.delete(pick([...world.jobs.keys()], random) ?? '');
  },
  'job fails': (world) => {
    for (const job of world.jobs.values()) if (job.outcome === 'running') job.outcome = 'failed';
  },
  'target crash-loops': (world) => break_(world, 'crashes'),
  'target cannot be pulled': (world) => break_(world, 'missing'),
  'target mended': mend,
  retarget: (world) => world.spec({ version: '2.5.7' }),
  'back to the target': (world) => world.spec({ version: '2.5.6' }),
  revert: (world) => world.spec({ version: '2.5.5' }),
  pause: (world) => world.spec({ paused: true }),
  resume: (world) => world.spec({ paused: false }),
  retry: askForRetry,
};
const names = Object.keys(happenings);

function break_(world: WatchedCluster, kind: 'crashes' | 'missing'): void {
  for (const version of ['2.5.6']) world.images.set(`openbao/openbao:${version}`, { version, kind });
}

function mend(world: WatchedCluster): void {
  for (const version of ['2.5.6', '2.5.7'])
    world.images.set(`openbao/openbao:${version}`, { version, kind: 'good' });
}

function askForRetry(world: WatchedCluster): void {
  world.spec({ upgrade: { requests: { retry: `at ${world.now}` } } });
}

function happen(world: WatchedCluster, name: string, random: () => number): void {
  world.log.push(`${(world.now - Date.UTC(2026, 0, 2, 3, 4, 5)) / 1000} s: ${name}`);
  happenings[name]?.(world, random);
}

function worldOf(replicas: number, leader: number, speed: Partial<typeof durations> = {}): WatchedCluster {
  const world = new WatchedCluster({ replicas, leader, settings: { deadlines }, speed });
  world.spec({ version: '2.5.6', paused: false });
  return world;
}

/** Nothing goes wrong any more: it is done or held, with a reason, before every deadline has passed. */
function settle(world: WatchedCluster, seen: Set<string>): 'done' | 'held' {
  world.cache = undefined;
  for (let turn = 0; turn < 1_500; turn++) {
    world.pass();
    seen.add(world.fingerprint());
    const { upgrade, currentVersion, lastRestartAt } = world.status;
    const { version, maintenance } = world.cluster.spec;
    if (upgrade?.held === true) return 'held';
    const isWanted = currentVersion === version && lastRestartAt === maintenance?.restartAt;
    if (upgrade === undefined && isWanted) return 'done';
    world.tick(1_000);
  }
  return world.fail('neither done nor held');
}

/** After the fix that its reason asks for, a held upgrade goes on, and ends. */
function mendAndFinish(world: WatchedCluster, seen: Set<string>): void {
  world.spec({ paused: false });
  mend(world);
  for (let tries = 0; tries < 6; tries++) {
    if (settle(world, seen) === 'done') return finished(world);
    const { lastErrorReason, upgrade } = world.status;
    world.log.push(`held: ${lastErrorReason}: ${world.status.lastErrorMessage}`);
    if (lastErrorReason === 'DowngradeBlocked') {
      const { phase, fromVersion, targetVersion } = upgrade ?? {};
      world.spec({ version: (phase === 'PreChecks' ? fromVersion : targetVersion) ?? '2.5.6' });
    } else askForRetry(world);
  }
  world.fail('still held after every fix');
}

function finished(world: WatchedCluster): void {
  const { version } = world.cluster.spec;
  const wrong = [...world.pods.values()].filter(({ image }) => !image.endsWith(`:${version}`));
  if (wrong.length > 0) world.fail(`done, but ${wrong.length} pods do not run ${version}`);
  if (world.status.operationLock !== undefined) world.fail('done, but the lock is still held');
}

/** How many moments of a run are left out between two of one happening. */
const stride = sized(1, 25);

describe('exploring a rolling upgrade', function () {
  for (const replicas of [3, 5]) {
    it(`survives each of ${names.length} happenings at every moment with ${replicas} voters`, () => {
      const seen = new Set<string>();
      let runs = 0;
      for (const leader of replicas === 3 ? [0, 2] : [0]) {
        for (const [index, name] of names.entries()) {
          // Where moments are left out, each happening sees others.
          for (let moment = index % stride; ; moment += stride) {
            const world = worldOf(replicas, leader);
            const random = randomOf(moment);
            if (runUntil(world, moment, seen)) break;
            happen(world, name, random);
            mendLater(world, name, seen);
            runs++;
          }
        }
      }
      report(`every happening at every moment, ${replicas} voters`, runs, seen);
    });

    it(`survives random walks with ${replicas} voters`, () => {
      const seen = new Set<string>();
      const walks = Number(process.env['WALKS'] ?? (replicas === 3 ? sized(900, 40) : sized(400, 15)));
      for (let seed = 1; seed <= walks; seed++) walk(replicas, seed, seen);
      report(`random walks, ${replicas} voters`, walks, seen);
    });
  }
});

/** @returns whether it ended before */
function runUntil(world: WatchedCluster, moment: number, seen: Set<string>): boolean {
  for (let turn = 0; turn < moment; turn++) {
    world.pass();
    seen.add(world.fingerprint());
    if (world.status.upgrade === undefined && turn > 2) return true;
    world.tick(1_000);
  }
  return false;
}

/** What a happening leaves lasts for a while, then goes away. */
function mendLater(world: WatchedCluster, name: string, seen: Set<string>): void {
  for (let turn = 0; turn < 5; turn++) {
    world.pass();
    seen.add(world.fingerprint());
    world.tick(1_000);
  }
  world.cache = undefined;
  if (name === 'pause') world.spec({ paused: false });
  if (!name.startsWith('target')) return mendAndFinish(world, seen);
  settle(world, seen);
  mendAndFinish(world, seen);
}

function walk(replicas: number, seed: number, seen: Set<string>): void {
  const random = randomOf(seed);
  const speed = slowed(durations, random, 4);
  const world = worldOf(replicas, Math.floor(random() * replicas), speed);
  world.log.push(`seed ${seed}, ${replicas} replicas`);
  // A fifth of the walks begin as a restart, which has no other image to be told by.
  if (random() < 0.2) world.spec({ version: '2.5.5', maintenance: { restartAt: '2026-01-02T03:00:00Z' } });
  const trouble = random() * 0.3;
  wander(world, random, trouble, () => happen(world, pick(names, random) ?? '', random), seen);
  mendAndFinish(world, seen);
}

function report(what: string, runs: number, seen: Set<string>): void {
  console.log(`      ${what}: ${runs} runs, ${seen.size} distinct states`);
  expect(seen.size).to.be.above(100);
}
