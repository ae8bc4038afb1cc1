import { expect } from 'chai';
import type { OpenBaoClusterSpec } from '../../../../src/api/openbaocluster.ts';
import { defaultDeadlines } from '../../../../src/core/model/decision.ts';
import { activeBlueGreen } from '../../../../src/core/model/blue-green.ts';
import { liveNames } from '../../../../src/core/model/members.ts';
import { timestamp } from '../../../../src/core/model/time.ts';
import { start } from '../../../support/observation.ts';
import { answers, calls, type Answer } from '../../../support/unread.ts';
import { copied, Course, Outcomes } from '../../../support/courses.ts';
import { controllerMishaps, pick, randomOf, slowed, wander, sized } from '../../../support/walks.ts';
import { durations } from './simulated-halves.ts';
import { WatchedHalves } from './watched-halves.ts';

/** Shorter than in production, so that a walk sees deadlines pass. */
const deadlines = {
  ...defaultDeadlines,
  preChecks: 120_000,
  deployingGreen: 120_000,
  syncing: 120_000,
  swapping: 240_000,
  removing: 180_000,
};

type BlueGreenSpec = NonNullable<NonNullable<OpenBaoClusterSpec['upgrade']>['blueGreen']>;

type Happening = (world: WatchedHalves, random: () => number) => void;

/** Everything that may go wrong or be asked for in between; each by one name. */
const happenings: Readonly<Record<string, Happening>> = {
  ...controllerMishaps,
  'blue killed': (world, random) => world.kill(pick(world.half('blue'), random) ?? ''),
  'green killed': (world, random) => world.kill(pick(world.half('green'), random) ?? ''),
  'member evicted': (world, random) => void world.evict(pick([...world.pods.keys()], random) ?? ''),
  'nodes drained': (world) => {
    for (const name of world.pods.keys()) world.evict(name);
  },
  'leader killed': (world) => world.kill(world.raft.leader ?? ''),
  'leadership moves': (world, random) => {
    const heir = pick(
      world.raft.votersUp.filter((id) => (world.blockedUntil.get(id) ?? 0) <= world.now),
      random,
    );
    if (heir !== undefined && world.raft.leader !== undefined) world.leads(heir);
  },
  'leader lost': (world) => {
    if (world.raft.leader !== undefined) world.lose();
  },
  'job lost': (world, random) => world.loseJob(pick([...world.jobs.keys()], random) ?? ''),
  'job lost, its program not': (world) => {
    for (const { name, outcome } of world.jobs.values())
      if (outcome === 'running') world.loseJob(name, 5_000);
  },
  'job killed': (world) => {
    for (const job of world.jobs.values()) {
      if (job.outcome === 'running') Object.assign(job, { outcome: 'failed', podReason: 'OOMKilled' });
    }
  },
  'target crashes': (world) => breakTarget(world, 'crashes'),
  'target cannot be pulled': (world) => breakTarget(world, 'missing'),
  'target mended': mendImages,
  // whoever of blue is killed from now on does not come back
  'blue cannot be pulled': (world, random) => {
    world.images.set('openbao/openbao:2.5.5', { version: '2.5.5', kind: 'missing' });
    world.kill(pick(world.half('blue'), random) ?? '');
  },
  'followers lag': (world) => world.lag(20_000),
  // every deadline passes while nobody looks
  'no controller for an hour': (world) => {
    for (let turn = 0; turn < 120; turn++) world.tick(30_000);
  },
  'other target': (world) => world.spec({ version: '2.5.7' }),
  'back to the target': (world) => world.spec({ version: world.target }),
  revert: (world) => world.spec({ version: '2.5.5' }),
  pause: (world) => world.spec({ paused: true }),
  resume: (world) => world.spec({ paused: false }),
  rollback: (world) => ask(world, 'rollback'),
  promote: (world) => ask(world, 'promote'),
  cleanup: (world) => ask(world, 'cleanup'),
  retry: (world) => ask(world, 'retry'),
  'wrong acknowledgement': (world) => world.spec({ breakGlassAck: 'nonce9999' }),
  acknowledgement: acknowledge,
  'restart wanted': (world) => world.spec({ maintenance: { restartAt: timestamp(world.now) } }),
  'other strategy': (world) => choose(world, 'RollingUpdate'),
  'blue-green again': (world) => choose(world, 'BlueGreen'),
  'more members wanted': (world) => world.spec({ replicas: world.replicas + 2 }),
  'answer unreadable': (world, random) => {
    const id = pick([...world.pods.keys()], random) ?? '';
    world.unread.add(id, pick(answers, random) ?? 'health', random() < 0.5 ? world.versionOf(id) : undefined);
  },
  'jobs fail': (world, random) => {
    const action = pick(jobsOfHalves, random) ?? '';
    world.jobFailures.set(action, `permission denied for ${action}`);
  },
};
const names = Object.keys(happenings);

const jobsOfHalves = [
  'hand-over-to-green',
  'repair-consensus',
  'remove-blue-peers',
  'remove-green-peers',
  'dead-server-cleanup',
  'pre-promotion-hook',
];

function breakTarget(world: WatchedHalves, kind: 'crashes' | 'missing'): void {
  world.images.set(`openbao/openbao:${world.target}`, { version: world.target, kind });
}

function mendImages(world: WatchedHalves): void {
  for (const version of ['2.5.5', world.target]) {
    world.images.set(`openbao/openbao:${version}`, { version, kind: 'good' });
  }
}

/** The gate refuses it midway; where it is off, nothing else may come of it. */
function choose(world: WatchedHalves, strategy: 'BlueGreen' | 'RollingUpdate'): void {
  world.spec({ upgrade: { ...world.cluster.spec.upgrade, strategy } });
}

function ask(world: WatchedHalves, request: 'rollback' | 'promote' | 'cleanup' | 'retry'): void {
  const { upgrade } = world.cluster.spec;
  world.spec({
    upgrade: { ...upgrade, requests: { ...upgrade?.requests, [request]: `at ${world.now}` } },
  });
}

function acknowledge(world: WatchedHalves): void {
  const { nonce } = world.status.breakGlass ?? {};
  if (nonce !== undefined) world.spec({ breakGlassAck: nonce });
}

function happen(world: WatchedHalves, name: string, random: () => number): void {
  const { phase = world.status.upgrade?.phase } = activeBlueGreen(world.status) ?? {};
  world.log.push(`${(world.now - start) / 1000} s, ${phase ?? 'Idle'}: ${name}`);
  happenings[name]?.(world, random);
}

interface Scene {
  readonly replicas?: number;
  readonly leader?: number;
  readonly blueGreen?: BlueGreenSpec;
  readonly deadServerCleanup?: boolean;
  readonly speed?: Partial<typeof durations>;
  readonly deletionPolicy?: 'Retain' | 'DeletePVCs';
  readonly target?: string;
}

function worldOf({
  blueGreen = {},
  deletionPolicy = 'Retain',
  target = '2.5.6',
  ...rest
}: Scene): WatchedHalves {
  const world = new WatchedHalves({
    ...rest,
    settings: { deadlines },
    spec: { upgrade: { strategy: 'BlueGreen', blueGreen }, deletionPolicy },
  });
  for (let turn = 0; turn < 2; turn++) step(world);
  world.target = target;
  world.spec({ version: target });
  return world;
}

function step(world: WatchedHalves, seen?: Set<string>, milliseconds = 1_000): void {
  world.pass();
  seen?.add(world.fingerprint());
  world.tick(milliseconds);
}

type End = 'idle' | 'held' | 'break glass';

/** Nothing goes wrong any more: it ends, or stops with a reason, before every deadline has passed. */
function settle(world: WatchedHalves, seen: Set<string>): End {
  world.cache = undefined;
  for (let turn = 0; turn < 1_500; turn++) {
    step(world, seen);
    const { upgrade, blueGreen, breakGlass, scaling } = world.status;
    if (breakGlass?.active === true) return intact(world, 'break glass');
    if (upgrade?.held === true || blueGreen?.held === true) return intact(world, 'held');
    const isIdle =
      upgrade === undefined && scaling === undefined && activeBlueGreen(world.status) === undefined;
    if (isIdle && world.orphans.length === 0 && hasArrived(world)) return 'idle';
  }
  return world.fail('it neither ends nor stops');
}

/** It runs what spec asks for, or has given that up; and every member is back. */
function hasArrived(world: WatchedHalves): boolean {
  const { currentVersion, blueGreen, replicas, lastRestartAt } = world.status;
  const { version, replicas: wanted, maintenance } = world.cluster.spec;
  const isGivenUp =
    blueGreen?.rejectedTarget?.version === version && world.status.lastErrorReason === 'TargetRejected';
  const isRestarted = isGivenUp || maintenance?.restartAt === lastRestartAt;
  return (currentVersion === version || isGivenUp) && replicas === wanted && isRestarted;
}

/** Whoever votes has its volume, and so has everybody of blue. */
function intact(world: WatchedHalves, end: End): End {
  for (const id of [...world.raft.voters, ...(isBeforeCleanup(world) ? world.half('blue') : [])]) {
    const volume = world.volumes.get(id);
    if (volume === undefined || volume.isGoing || !volume.hasData)
      world.fail(`${end}, and ${id} has no data`);
  }
  return end;
}

const isBeforeCleanup = (world: WatchedHalves) => activeBlueGreen(world.status)?.phase !== 'Cleanup';

/** How it ended, or stopped with which reason, one after the other. */
type Ends = readonly { readonly end: End; readonly reason: string }[];
type KnownEnds = Outcomes<Ends>;

/** After the fix that its reason asks for, whatever stopped goes on, and ends on one side. */
function mendAndFinish(world: WatchedHalves, seen: Set<string>, knownEnds: KnownEnds): Ends {
  world.spec({ paused: false });
  mend(world);
  return knownEnds.of(world, () => finish(world, seen));
}

function mend(world: WatchedHalves): void {
  world.jobFailures.clear();
  world.unread.end();
  mendImages(world);
}

function finish(world: WatchedHalves, seen: Set<string>): Ends {
  const all: { readonly end: End; readonly reason: string }[] = [];
  for (let tries = 0; tries < 8; tries++) {
    mend(world);
    const end = settle(world, seen);
    const { lastErrorReason: reason = '', lastErrorMessage } = world.status;
    all.push({ end, reason });
    if (end === 'idle') {
      finished(world, seen);
      return all;
    }
    world.log.push(`${end}: ${reason}: ${lastErrorMessage}`);
    // Taken back too late: then what has run is asked for again, as the message says.
    if (reason === 'DowngradeBlocked') world.spec({ version: whatHasRun(world) });
    else if (end === 'break glass') acknowledge(world);
    else ask(world, 'retry');
  }
  return world.fail('still stopped after every fix');
}

/** How many moments of a run are left out between two of one happening: all of them take minutes (EVERY=1). */
const every = process.env['EVERY'];
const strides =
  every === undefined ? { 3: sized(3, 70), 5: sized(9, 150) } : { 3: Number(every), 5: Number(every) };

function whatHasRun({ status: { upgrade, currentVersion = '' } }: WatchedHalves): string {
  return upgrade === undefined || upgrade.phase === 'PreChecks'
    ? currentVersion
    : (upgrade.targetVersion ?? '');
}

const ends = new Map<string, number>();
const reasons = new Map<string, number>();

function count(all: Ends): void {
  for (const { end, reason } of all) {
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (end !== 'idle') reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
}

/** One half is all there is, whole, of one version; it serves. And nothing of the other comes back. */
function finished(world: WatchedHalves, seen: Set<string>): void {
  for (let turn = 0; turn < 12; turn++) step(world, seen);
  const { currentVersion, operationLock } = world.status;
  const own = world.half('blue');
  const { pods, raft, sets, volumes } = world;
  if (operationLock !== undefined) world.fail('ended, but the lock is held');
  if (raft.voters.toSorted().join() !== own.toSorted().join())
    world.fail(`ended, but ${raft.voters.join()} vote`);
  if ([...raft.servers.keys()].some((id) => !own.includes(id)))
    world.fail('ended, but a stranger is a member');
  if ([...sets.keys()].join() !== liveNames(world.cluster).statefulSet)
    world.fail(`ended with ${[...sets.keys()].join()}`);
  if ([...pods.keys()].toSorted().join() !== own.toSorted().join())
    world.fail(`ended with the pods ${[...pods.keys()].join()}`);
  const wrong = [...pods].filter(([, { image, ready }]) => !ready || !image.endsWith(`:${currentVersion}`));
  if (wrong.length > 0)
    world.fail(`ended, but ${wrong.map(([name]) => name).join()} do not run ${currentVersion}`);
  // Blue's volumes stay under Retain; green's of a way back never do.
  const isBack = own[0] === 'prod-0';
  const left = [...volumes.keys()].filter((pod) => !own.includes(pod));
  const isDeleting = world.cluster.spec.deletionPolicy === 'DeletePVCs';
  if ((isBack || isDeleting) && left.length > 0)
    world.fail(`ended, but the volumes of ${left.join()} are left`);
  if (world.deadServerCleanup !== world.removedDeadServers)
    world.fail(`ended, but dead servers are ${world.deadServerCleanup ? '' : 'not '}removed`);
}

describe('exploring a blue-green upgrade', function () {
  for (const replicas of [3, 5] as const) {
    it(`survives each of ${names.length} happenings at every moment with ${replicas}+${replicas}`, () => {
      const seen = new Set<string>();
      let runs = 0;
      for (const direction of ['forward', 'back'] as const) {
        const course = courseOf(
          (leader) => worldOf({ replicas, leader, deadServerCleanup: true }),
          replicas,
          direction,
          seen,
        );
        const knownEnds: KnownEnds = new Outcomes();
        for (const [index, name] of names.entries()) {
          if (index % (replicas === 3 ? sized(1, 6) : sized(1, 12)) !== 0) continue;
          // Their moments interleave: each one sees every so manieth, all of them see all.
          for (let moment = index % strides[replicas]; ; moment += strides[replicas]) {
            const world = course(moment);
            if (world === undefined) break;
            if (!isTurnedRound(world, direction)) continue;
            happen(world, name, randomOf(moment));
            count(goOn(world, seen, knownEnds));
            runs++;
          }
        }
      }
      report(`every happening at every moment, ${replicas}+${replicas}`, runs, seen);
    });

    it(`survives random walks with ${replicas}+${replicas}`, () => {
      const seen = new Set<string>();
      const walks = Number(process.env['WALKS'] ?? (replicas === 3 ? sized(120, 6) : sized(40, 3)));
      const first = Number(process.env['SEED'] ?? 1);
      for (let seed = first; seed < first + walks; seed++) walk(replicas, seed, seen);
      report(`random walks, ${replicas}+${replicas}`, walks, seen);
    });
  }
});

describe('exploring a blue-green upgrade across 2.6, where green is upgraded in place', () => {
  const directions = ['forward', 'back from the mix', 'back from the brink'] as const;
  const begin = (leader: number) =>
    worldOf({ leader, deadServerCleanup: true, target: leader === 1 ? '2.7.0-dev' : '2.6.2' });

  it(`survives each of ${names.length} happenings at every moment`, () => {
    const seen = new Set<string>();
    const stride = every === undefined ? sized(5, 90) : Number(every);
    let runs = 0;
    for (const direction of directions) {
      const course = courseOf(begin, 3, direction, seen);
      const knownEnds: KnownEnds = new Outcomes();
      for (const [index, name] of names.entries()) {
        for (let moment = index % stride; ; moment += stride) {
          const world = course(moment);
          if (world === undefined) break;
          if (!isTurnedRound(world, direction)) continue;
          happen(world, name, randomOf(moment));
          count(goOn(world, seen, knownEnds));
          runs++;
        }
      }
    }
    report('across 2.6, every happening at every moment', runs, seen);
  });

  it('never has two members away by a drain and its own hand, however often somebody drains (C3)', () => {
    const seen = new Set<string>();
    let evictions = 0;
    for (let leader = 0; leader < 3; leader++) {
      const course = courseOf(() => begin(leader), 1, 'forward', seen);
      const knownEnds: KnownEnds = new Outcomes();
      for (let moment = 0; moment < 80; moment += sized(1, 4)) {
        const world = course(moment);
        if (world === undefined) break;
        const member = world.half(moment % 2 === 0 ? 'blue' : 'green')[moment % 3] ?? '';
        world.log.push(`${member} is evicted, and tried again`);
        for (let turn = 0; turn < 30; turn++) {
          // What the controller does in this pass follows an eviction that its caches do not have yet.
          const cache = world.kubernetes();
          if (world.evict(member)) evictions++;
          world.cache = turn % 2 === 0 ? cache : undefined;
          world.pass();
          world.cache = undefined;
          seen.add(world.fingerprint());
          world.tick(1_000, (who) => who === 'budget' && turn % 3 === 0);
        }
        count(goOn(world, seen, knownEnds));
      }
    }
    report(`a drain at every moment across 2.6: ${evictions} evictions`, evictions, seen);
    expect(evictions).to.be.above(sized(40, 10));
  });

  it('survives a crash after each effect of every pass', () => {
    const seen = new Set<string>();
    const reached = new Set<string>();
    let runs = 0;
    for (const direction of directions) {
      const course = courseOf(begin, 1, direction, seen);
      const knownEnds: KnownEnds = new Outcomes();
      for (let moment = 0; ; moment++) {
        const world = course(moment);
        if (world === undefined) break;
        if (!isTurnedRound(world, direction)) continue;
        const { effects, status } = world.decide();
        for (let survives = 1; survives <= effects.length; survives++) {
          const again = copied(world);
          again.log.push(`it ends after the status and ${survives - 1} effects`);
          again.pass(survives);
          again.tick(1_000);
          count(mendAndFinish(again, seen, knownEnds));
          reached.add(activeBlueGreen(status)?.phase ?? 'Idle');
          runs++;
        }
      }
    }
    report('across 2.6, a crash after each effect', runs, seen);
    expect([...reached]).to.include.members(['Promoting', 'UpgradingGreen', 'DemotingBlue', 'RollingBack']);
  });

  it('survives random walks', () => {
    const seen = new Set<string>();
    const walks = Number(process.env['WALKS'] ?? sized(120, 6));
    const first = Number(process.env['SEED'] ?? 1);
    for (let seed = first; seed < first + walks; seed++) walk(3, seed, seen, '2.6.2');
    report('across 2.6, random walks', walks, seen);
  });
});

/** When a rollback is asked for; forward has all that is before. */
const turnings = {
  forward: () => false,
  back: (world: WatchedHalves) =>
    world.status.blueGreen?.phase === 'DemotingBlue' && world.half('green').includes(world.raft.leader ?? ''),
  /** Across 2.6: some of green run the target. */
  'back from the mix': ({ status: { blueGreen } }: WatchedHalves) =>
    blueGreen?.phase === 'UpgradingGreen' && blueGreen.greenPartition === 1,
  /** Just before the step-down. */
  'back from the brink': (world: WatchedHalves) =>
    world.status.blueGreen?.phase === 'DemotingBlue' &&
    world.half('blue').includes(world.raft.leader ?? '') &&
    world.raft.voters.filter((id) => world.half('blue').includes(id)).length < world.replicas,
} as const;
type Direction = keyof typeof turnings;

/**
 * Upgrades in which nothing goes wrong, one for each of so many first leaders, whose moments take turns.
 *
 * @returns a world of its own at this moment; undefined where it has ended before
 */
function courseOf(
  begin: (leader: number) => WatchedHalves,
  leaders: number,
  direction: Direction,
  seen: Set<string>,
): (moment: number) => WatchedHalves | undefined {
  const courses = Array.from(
    { length: leaders },
    (_, leader) =>
      new Course(begin(leader), (world, turn) => {
        if (turnings[direction](world)) ask(world, 'rollback');
        step(world, seen);
        const isIdle = world.status.upgrade === undefined && activeBlueGreen(world.status) === undefined;
        return isIdle && turn > 2;
      }),
  );
  return (moment) => {
    const world = courses[moment % leaders]?.at(moment);
    world?.log.push(`${direction}, moment ${moment}`);
    return world;
  };
}

/** Forward there is no way back to be on. */
const isTurnedRound = ({ status }: WatchedHalves, direction: Direction): boolean =>
  direction === 'forward' || status.upgradeRequests?.lastHandledRollback !== undefined;

/** What a happening leaves lasts for a while, then goes away. */
function goOn(world: WatchedHalves, seen: Set<string>, knownEnds: KnownEnds): Ends {
  return knownEnds.of(world, () => {
    for (let turn = 0; turn < 4; turn++) step(world, seen);
    world.cache = undefined;
    world.spec({ paused: false });
    if (
      !world.unread.isEmpty ||
      world.jobFailures.size > 0 ||
      [...world.images.values()].some(({ kind }) => kind !== 'good')
    ) {
      for (let turn = 0; turn < 60; turn++) step(world, seen);
    }
    return mendAndFinish(world, seen, knownEnds);
  });
}

function walk(replicas: number, seed: number, seen: Set<string>, target?: string): void {
  const random = randomOf(seed);
  const speed = slowed(durations, random, 3);
  const maybe = (chance: number) => random() < chance;
  const world = worldOf({
    replicas,
    leader: Math.floor(random() * replicas),
    deadServerCleanup: maybe(0.5),
    deletionPolicy: maybe(0.3) ? 'DeletePVCs' : 'Retain',
    ...(target === undefined ? {} : { target }),
    speed,
    blueGreen: {
      autoPromote: !maybe(0.15),
      autoCleanup: !maybe(0.15),
      maxJobFailures: 1 + Math.floor(random() * 3),
      autoRollback: { enabled: !maybe(0.2), onJobFailure: !maybe(0.1), onValidationFailure: !maybe(0.2) },
      verification: {
        ...(maybe(0.3) ? { minSyncDuration: '10s' } : {}),
        ...(maybe(0.3) ? { cleanupDelay: '10s' } : {}),
        ...(maybe(0.3) ? { prePromotionHook: { image: 'hook:1' } } : {}),
      },
    },
  });
  world.log.push(`seed ${seed}, ${replicas}+${replicas}`);
  const trouble = random() * 0.25;
  wander(world, random, trouble, () => happen(world, pick(names, random) ?? '', random), seen);
  letGo(world);
  count(mendAndFinish(world, seen, new Outcomes()));
}

/** V2: one answer of one member is understood no more, for as long as its server is of that version. */
interface Fault {
  readonly half: 'blue' | 'green';
  readonly ordinal: number;
  readonly answer: Answer;
}

/** What a person does about what has stopped, each tried by itself. */
const waysOut: Readonly<Record<string, (world: WatchedHalves) => void>> = {
  'the old target': (world) => world.spec({ version: '2.5.5' }),
  'another leader': (world) => {
    const { leader = '', votersUp } = world.raft;
    // Of the same half where there is one: leadership goes to no older version by hand.
    const own = (['blue', 'green'] as const).find((half) => world.half(half).includes(leader)) ?? 'blue';
    const heirs = votersUp.filter((id) => id !== leader);
    const heir = heirs.find((id) => world.half(own).includes(id)) ?? heirs[0];
    if (heir !== undefined && leader !== '') world.leads(heir);
    goOnAsAsked(world);
  },
  'the end of the fault': (world) => {
    world.unread.end();
    goOnAsAsked(world);
  },
};

function goOnAsAsked(world: WatchedHalves): void {
  if (world.status.breakGlass?.active === true) acknowledge(world);
  else ask(world, 'retry');
}

/** It says which answer of which member could not be understood, and what to do. */
function judgeWords(world: WatchedHalves, fault: Fault, pod: string): void {
  const { lastErrorReason, lastErrorMessage = '', breakGlass } = world.status;
  const words = [lastErrorMessage, ...(breakGlass?.active === true ? (breakGlass.steps ?? []) : [])].join(
    ' ',
  );
  const says = (text: string) => {
    if (!words.includes(text)) world.fail(`${lastErrorReason} does not say "${text}": ${words}`);
  };
  says(pod);
  says(calls[fault.answer].split(':')[0] ?? '');
  says(breakGlass?.active === true ? 'breakGlassAck' : '"retry"');
  const isLeaders = world.raft.leader === pod && world.status.upgrade === undefined;
  // Of a Job that failed, its own words tell; and autopilot is read by Jobs alone.
  const isRead = fault.answer !== 'autopilot';
  if (isLeaders && isRead && breakGlass?.active === true) says('bao operator step-down');
  if (lastErrorReason === 'MemberUnreadable') says(`OpenBao ${world.versionOf(pod)}`);
}

describe('an answer that is understood no more while a blue-green upgrade is under way (V2)', () => {
  it('is passed by, or stops it with a way out, at every moment', () => {
    const seen = new Set<string>();
    const stride = every === undefined ? sized(14, 80) : Number(every);
    const kinds = (['forward', 'back'] as const).flatMap((direction) => {
      const course = courseOf(
        (leader) => worldOf({ replicas: 3, leader, deadServerCleanup: true }),
        3,
        direction,
        seen,
      );
      return (['blue', 'green'] as const).flatMap((half) =>
        [0, 1, 2].flatMap((ordinal) =>
          answers.map((answer) => ({ course, direction, half, ordinal, answer })),
        ),
      );
    });
    let runs = 0;
    for (const [index, { course, direction, ...fault }] of kinds.entries()) {
      if (index % sized(1, 5) !== 0) continue;
      for (let moment = index % stride; ; moment += stride) {
        const world = course(moment);
        if (world === undefined) break;
        const { half, ordinal, answer } = fault;
        const pod = world.half(half)[ordinal];
        if (pod === undefined || !isTurnedRound(world, direction)) continue;
        runs++;
        world.log.push(`${answer} of ${pod} is understood no more`);
        world.unread.add(pod, answer, world.versionOf(pod));
        const end = settle(world, seen);
        ends.set(end, (ends.get(end) ?? 0) + 1);
        if (end === 'idle') {
          world.unread.end();
          finished(world, seen);
          continue;
        }
        const { lastErrorReason = '', upgrade } = world.status;
        reasons.set(lastErrorReason, (reasons.get(lastErrorReason) ?? 0) + 1);
        judgeWords(world, fault, pod);
        const isUntouched = upgrade !== undefined;
        const isLeaders = !isUntouched && world.raft.leader === pod && world.raft.votersUp.length > 1;
        // For ever, too: what is not the leader's is passed by, or gone back from.
        if (!isUntouched && !isLeaders) world.fail('stopped, and nothing but the end of the fault helps');
        const ways = [
          'the end of the fault',
          ...(isUntouched ? ['the old target'] : []),
          ...(isLeaders ? ['another leader'] : []),
        ];
        for (const way of ways) {
          const again = copied(world);
          again.log.push(`${end}: ${again.status.lastErrorReason}; then ${way}`);
          for (let tries = 0, last: End = end; tries < 3 && last !== 'idle'; tries++) {
            waysOut[way]?.(again);
            step(again, seen);
            last = settle(again, seen);
            if (last !== 'idle' && tries === 2) again.fail(`${end}, and ${way} leaves it so: ${last}`);
          }
          again.unread.end();
          finished(again, seen);
        }
      }
    }
    report('unreadable answers, 3+3', runs, seen);
  });
});

/** Whatever waits for a person gets its word. */
function letGo(world: WatchedHalves): void {
  const { upgrade } = world.cluster.spec;
  world.spec({
    upgrade: { ...upgrade, blueGreen: { ...upgrade?.blueGreen, autoPromote: true, autoCleanup: true } },
  });
}

function report(what: string, runs: number, seen: Set<string>): void {
  const words = (counts: Map<string, number>) => [...counts].map((each) => each.join(' ')).join(', ');
  console.log(
    `      ${what}: ${runs} runs, ${seen.size} distinct states; ends: ${words(ends)}; stops: ${words(reasons)}`,
  );
  ends.clear();
  reasons.clear();
  expect(seen.size).to.be.above(100);
}
