import { expect } from 'chai';
import { defaultDeadlines } from '../../../../src/core/model/decision.ts';
import { answers, calls, type Answer } from '../../../support/unread.ts';
import { copied, Course, Outcomes } from '../../../support/courses.ts';
import { controllerMishaps, pick, randomOf, slowed, wander, sized } from '../../../support/walks.ts';
import { durations, type SimulatedImage } from './simulated-cluster.ts';
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
  'member evicted': (world, random) => void world.evict(Math.floor(random() * world.replicas)),
  'member evicted, unseen': (world, random) => {
    world.holdPods();
    world.evict(Math.floor(random() * world.replicas));
  },
  'every node drained': (world) => {
    for (let ordinal = 0; ordinal < world.replicas; ordinal++) world.evict(ordinal);
  },
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
  'target does not know its seal': (world) => break_(world, 'refuses'),
  'target stays sealed': (world) => break_(world, 'sealed'),
  'target mended': mend,
  'answer unreadable': (world, random) => {
    const ordinal = Math.floor(random() * world.replicas);
    const version = random() < 0.5 ? world.versionOf(ordinal) : undefined;
    world.unread.add(world.name(ordinal), pick(answers, random) ?? 'health', version);
  },
  retarget: (world) => world.spec({ version: '2.5.7' }),
  'back to the target': (world) => world.spec({ version: '2.5.6' }),
  revert: (world) => world.spec({ version: '2.5.5' }),
  pause: (world) => world.spec({ paused: true }),
  resume: (world) => world.spec({ paused: false }),
  retry: askForRetry,
};
const names = Object.keys(happenings);

function break_(world: WatchedCluster, kind: SimulatedImage['kind']): void {
  for (const version of ['2.5.6']) world.images.set(`openbao/openbao:${version}`, { version, kind });
}

function mend(world: WatchedCluster): void {
  world.unread.end();
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

/** @param run its number: every other one is on a Kubernetes that goes by maxUnavailable */
function worldOf(
  replicas: number,
  leader: number,
  run: number,
  speed: Partial<typeof durations> = {},
): WatchedCluster {
  // Where it is on, it must be off while pods go, and on again at the end.
  const deadServerCleanup = replicas === 5 || leader !== 0;
  const goesByMaxUnavailable = run % 2 === 1;
  const settings = { deadlines };
  const world = new WatchedCluster({
    replicas,
    leader,
    settings,
    speed,
    deadServerCleanup,
    goesByMaxUnavailable,
  });
  if (goesByMaxUnavailable) world.log.push('on a Kubernetes that goes by maxUnavailable');
  world.spec({ version: '2.5.6', paused: false });
  return world;
}

/**
 * An upgrade in which nothing goes wrong, every other moment of it on the other Kubernetes.
 *
 * @returns a world of its own at this moment; undefined where it has ended before
 */
function courseOf(
  replicas: number,
  leader: number,
  seen: Set<string>,
  tickMs = 1_000,
): (moment: number) => WatchedCluster | undefined {
  const courses = [0, 1].map(
    (run) =>
      new Course(worldOf(replicas, leader, run), (world, turn) => {
        world.pass();
        seen.add(world.fingerprint());
        if (world.status.upgrade === undefined && turn > 2) return true;
        world.tick(tickMs);
        return false;
      }),
  );
  return (moment) => courses[moment % 2]?.at(moment);
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

/** Which runs have come to their end, by the state that they had. */
type Ends = Outcomes<void>;

/** After the fix that its reason asks for, a held upgrade goes on, and ends. */
function mendAndFinish(world: WatchedCluster, seen: Set<string>, ends: Ends = new Outcomes()): void {
  world.spec({ paused: false });
  mend(world);
  ends.of(world, () => finish(world, seen));
}

function finish(world: WatchedCluster, seen: Set<string>): void {
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
  for (let turn = 0; turn < 20 && world.status.deadServerCleanup !== undefined; turn++) {
    world.pass();
    world.tick(1_000);
    // As the hold says, where the Job has failed.
    for (const [name, { action, outcome }] of world.jobs) {
      if (action === 'dead-server-cleanup' && outcome === 'failed') world.jobs.delete(name);
    }
  }
  if (world.deadServerCleanup !== world.removedDeadServers || world.status.deadServerCleanup !== undefined)
    world.fail('done, but dead servers are not removed as before');
}

/** How many moments of a run are left out between two of one happening. */
const stride = sized(1, 25);

describe('exploring a rolling upgrade', function () {
  for (const replicas of [3, 5]) {
    it(`survives each of ${names.length} happenings at every moment with ${replicas} voters`, () => {
      const seen = new Set<string>();
      let runs = 0;
      for (const leader of replicas === 3 ? [0, 2] : [0]) {
        const course = courseOf(replicas, leader, seen);
        const ends: Ends = new Outcomes();
        for (const [index, name] of names.entries()) {
          // Where moments are left out, each happening sees others.
          for (let moment = index % stride; ; moment += stride) {
            const world = course(moment);
            if (world === undefined) break;
            happen(world, name, randomOf(moment));
            mendLater(world, name, seen, ends);
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

describe('a drain beside a rolling upgrade (C3)', () => {
  it('never takes a second member, at whichever moment it comes, seen or not', () => {
    let evictions = 0;
    const course = courseOf(3, 0, new Set(), 500);
    for (const isSeen of [true, false]) {
      for (const ordinal of [0, 1, 2]) {
        for (let moment = 0; ; moment++) {
          const world = course(moment);
          if (world === undefined) break;
          world.log.push(`${world.name(ordinal)} is evicted`);
          if (!isSeen) world.holdPods();
          if (!world.evict(ordinal)) continue;
          evictions++;
          for (let turn = 0; turn < 8; turn++) {
            world.pass();
            world.tick(500);
          }
        }
      }
    }
    expect(evictions).to.be.above(40);
  });

  it('is let through while the upgrade is paused, at whichever moment, when nothing is in flight', () => {
    let evictions = 0;
    const course = courseOf(3, 0, new Set(), 500);
    for (const isImpatient of [true, false]) {
      for (let moment = 0; ; moment += sized(1, 5)) {
        const world = course(moment);
        if (world === undefined) break;
        world.log.push('paused, and drained');
        world.spec({ paused: true });
        const turns = (count: number, drains: boolean) => {
          for (let turn = 0; turn < count; turn++) {
            world.pass();
            if (drains) for (const ordinal of [0, 1, 2]) if (world.evict(ordinal)) evictions++;
            world.tick(500);
          }
        };
        // What was on its way ends first, and a member has until then caught up.
        turns(60, isImpatient);
        turns(40, false);
        if (world.budget.maxUnavailable !== 1) world.fail('no node can be drained in a pause');
        turns(10, true);
        world.spec({ paused: false });
        turns(10, true);
      }
    }
    expect(evictions).to.be.above(40);
  });
});

/** What a happening leaves lasts for a while, then goes away. */
function mendLater(world: WatchedCluster, name: string, seen: Set<string>, ends: Ends): void {
  const isLasting = name.startsWith('target') || !world.unread.isEmpty;
  const goOn = () => {
    for (let turn = 0; turn < 5; turn++) {
      world.pass();
      seen.add(world.fingerprint());
      world.tick(1_000);
    }
    world.cache = undefined;
    world.spec({ paused: false });
    if (isLasting) settle(world, seen);
    mendAndFinish(world, seen, ends);
  };
  ends.of({ ...world, isLasting }, goOn);
}

function walk(replicas: number, seed: number, seen: Set<string>): void {
  const random = randomOf(seed);
  const speed = slowed(durations, random, 4);
  const world = worldOf(replicas, Math.floor(random() * replicas), seed, speed);
  world.log.push(`seed ${seed}, ${replicas} replicas`);
  // A fifth of the walks begin as a restart, which has no other image to be told by.
  if (random() < 0.2) world.spec({ version: '2.5.5', maintenance: { restartAt: '2026-01-02T03:00:00Z' } });
  const trouble = random() * 0.3;
  wander(world, random, trouble, () => happen(world, pick(names, random) ?? '', random), seen);
  mendAndFinish(world, seen);
}

/** V2: one answer of one member is understood no more, for as long as its server is of that version. */
interface Fault {
  readonly ordinal: number;
  readonly answer: Answer;
}

/** What the message of a hold offers to a person, each tried by itself. */
const waysOut: Readonly<Record<string, (world: WatchedCluster) => void>> = {
  'a newer target': (world) => world.spec({ version: '2.5.7' }),
  'the old target': (world) => world.spec({ version: '2.5.5' }),
  retry: askForRetry,
  'another leader, and a retry': (world) => {
    const { completedPods = [], currentPartition = 3 } = world.status.upgrade ?? {};
    // One that has had its turn; or else not the one whose turn is next, which would have to hand it on again.
    const others = [...world.pods.keys()].filter((each) => each !== world.leader);
    const heir =
      others.find((each) => completedPods.includes(each)) ??
      others.find((each) => each !== currentPartition - 1);
    if (heir !== undefined && world.leader !== undefined) world.leads(heir);
    askForRetry(world);
  },
  'the end of the fault, and a retry': (world) => {
    world.unread.end();
    askForRetry(world);
  },
};

/** Which of them must do, for a fault that never ends by itself. */
function sureWaysOut(world: WatchedCluster, { ordinal, answer }: Fault): readonly string[] {
  const { completedPods = [], currentPartition = 3, replacing } = world.status.upgrade ?? {};
  const always = ['the end of the fault, and a retry'];
  if (Math.min(currentPartition, replacing?.ordinal ?? 3) >= 3) return [...always, 'the old target'];
  const isLeaders = answer === 'login' || answer === 'configuration';
  if (isLeaders) return [...always, 'another leader, and a retry'];
  const isInWork = ordinal === currentPartition && world.versionOf(ordinal) === '2.5.6';
  return isInWork && completedPods.length === 0 ? [...always, 'a newer target'] : always;
}

/** The hold says which answer of which member could not be understood, and names every sure way out. */
function judgeWords(world: WatchedCluster, { ordinal, answer }: Fault, sure: readonly string[]): void {
  const { lastErrorReason, lastErrorMessage: words = '' } = world.status;
  const says = (text: string) => {
    if (!words.includes(text)) world.fail(`${lastErrorReason} does not say "${text}": ${words}`);
  };
  says(world.name(ordinal));
  says(calls[answer].split(':')[0] ?? '');
  says('"retry"');
  // Of a Job that failed, its own words tell.
  if (lastErrorReason !== 'MemberUnreadable') return;
  says(`OpenBao ${world.versionOf(ordinal)}`);
  if (sure.includes('a newer target')) says('spec.version to a newer version');
  if (sure.includes('the old target')) says('spec.version back to 2.5.5');
  if (sure.includes('another leader, and a retry')) says('bao operator step-down');
}

describe('an answer that is understood no more while a rolling upgrade is under way (V2)', function () {
  it('is passed by, or held with a way out, at every moment', () => {
    const seen = new Set<string>();
    const ends = new Map<string, number>();
    const count = (what: string) => ends.set(what, (ends.get(what) ?? 0) + 1);
    const kinds = [0, 2].flatMap((leader) => {
      const course = courseOf(3, leader, seen);
      return [0, 1, 2].flatMap((ordinal) => answers.map((answer) => ({ course, ordinal, answer })));
    });
    for (const [index, { course, ...fault }] of kinds.entries()) {
      for (let moment = index % stride; ; moment += stride) {
        const world = course(moment);
        if (world === undefined) break;
        const { ordinal, answer } = fault;
        world.log.push(`${moment} s: ${answer} of ${world.name(ordinal)} is understood no more`);
        world.unread.add(world.name(ordinal), answer, world.versionOf(ordinal) ?? '2.5.6');
        if (settle(world, seen) === 'done') {
          count('passed by');
          continue;
        }
        const sure = sureWaysOut(world, fault);
        judgeWords(world, fault, sure);
        for (const way of sure) {
          const again = copied(world);
          again.log.push(`held: ${again.status.lastErrorReason}; then ${way}`);
          // Leadership may come back to it, once for each of the others that hand it on.
          for (let tries = 0; tries < 3 && again.status.upgrade?.held === true; tries++) {
            waysOut[way]?.(again);
            again.pass();
            settle(again, seen);
          }
          if (again.status.upgrade !== undefined) again.fail(`held, and ${way} leaves it so`);
          finished(again);
          count(way);
        }
      }
    }
    report(`unreadable answers (${[...ends].map((each) => each.join(' ')).join(', ')})`, ends.size, seen);
  });
});

describe('the first restarted follower, on which the target opens no data (V2)', () => {
  for (const kind of ['refuses', 'sealed', 'missing'] as const) {
    it(`gets its old version back where the target ${kind}, at every moment`, () => {
      const seen = new Set<string>();
      let backs = 0;
      for (const leader of [0, 2]) {
        const course = courseOf(3, leader, seen);
        for (let moment = leader; ; moment += sized(1, 9)) {
          const world = course(moment);
          if (world === undefined) break;
          world.log.push(`${moment} s: the target ${kind}`);
          break_(world, kind);
          if (settle(world, seen) === 'done') continue;
          const { completedPods = [], currentPartition = 3, targetStarted } = world.status.upgrade ?? {};
          // One that has opened the data of any pod goes on only forward.
          if (completedPods.length > 0 || targetStarted === true) continue;
          const words = world.status.lastErrorMessage ?? '';
          const isNamed = currentPartition === 3 || kind === 'missing' || words.includes('back to 2.5.5');
          if (!isNamed) world.fail(`the hold does not name the way back: ${words}`);
          world.spec({ version: '2.5.5' });
          if (settle(world, seen) !== 'done') world.fail('held, and the old version leaves it so');
          finished(world);
          for (const ordinal of [0, 1])
            if (world.pods.get(ordinal)?.uid !== `pod-${ordinal + 1}`)
              world.fail(`prod-${ordinal} was touched`);
          backs++;
        }
      }
      expect(backs).to.be.above(0);
    });
  }
});

function report(what: string, runs: number, seen: Set<string>): void {
  console.log(`      ${what}: ${runs} runs, ${seen.size} distinct states`);
  expect(seen.size).to.be.above(100);
}
