import { statusBeforeFirstLook } from '../../src/api/fields.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../src/api/openbaocluster.ts';
import { activeBlueGreen } from '../../src/core/model/blue-green.ts';
import { known, unknown } from '../../src/core/model/known.ts';
import { decideCluster } from '../../src/core/cluster/decide.ts';
import {
  context,
  emptyMember,
  member,
  membersOf,
  observation,
  serverPod,
  settledCluster,
  settledStatus,
  start,
} from '../support/observation.ts';
import type { Told } from '../support/kstatus.ts';
import { WatchedServices } from '../core/release/watched-services.ts';
import { SimulatedRestore } from '../core/restore/simulated-restore.ts';
import { WatchedHalves } from '../core/upgrade/bluegreen/watched-halves.ts';
import { WatchedCluster } from '../core/upgrade/rolling/watched-cluster.ts';

/** A state that an object of ours can be in, and an object in it, as the controller has left it. */
export interface ToldState {
  readonly state: string;
  readonly object: Told;
}

type Seen = Parameters<typeof observation>[0];

/** The cluster as looks at these moments leave it, each a minute after the start or later. */
function looked(
  spec: Partial<OpenBaoCluster['spec']>,
  {
    status = settledStatus(),
    seen = {},
    minutes = [0],
  }: { status?: OpenBaoClusterStatus; seen?: Seen; minutes?: readonly number[] } = {},
): OpenBaoCluster {
  let cluster = settledCluster(spec, status);
  for (const minute of minutes) {
    const now = start + minute * 60_000;
    cluster = {
      ...cluster,
      status: decideCluster(observation({ ...seen, cluster }), context({ now })).status,
    };
  }
  return cluster;
}

interface World {
  pass(): unknown;
  tick(milliseconds?: number): void;
}

/** Lets a world go on until it is so. */
function until<W extends World>(world: W, what: string, isSo: (world: W) => boolean, tickMs = 500): W {
  for (let turn = 0; turn < 4_000; turn++) {
    world.pass();
    if (isSo(world)) return world;
    world.tick(tickMs);
  }
  throw new Error(`never ${what}`);
}

const empty: Seen = { members: new Map(), raft: unknown('no member leads'), claims: known([]) };
const leaderless: Seen = {
  members: membersOf(...[0, 1, 2].map((ordinal) => member(ordinal, { standby: true }))),
  raft: unknown('no member leads'),
};
const restoreLock = { operation: 'Restore', operationId: 'r0', holder: 'openbaorestore/back' } as const;

function rolling(phase: string): WatchedCluster {
  const world = new WatchedCluster();
  world.spec({ version: '2.5.6' });
  return until(world, phase, ({ status }) => status.upgrade?.phase === phase);
}

function heldRolling(): OpenBaoCluster {
  const world = new WatchedCluster();
  world.images.set('openbao/openbao:2.5.6', { version: '2.5.6', kind: 'missing' });
  world.spec({ version: '2.5.6' });
  return observed(until(world, 'held', ({ status }) => status.upgrade?.held === true));
}

type BlueGreenSpec = NonNullable<NonNullable<OpenBaoCluster['spec']['upgrade']>['blueGreen']>;

function blueGreen(asked: BlueGreenSpec, what: string): WatchedHalves {
  const world = new WatchedHalves({ spec: { upgrade: { strategy: 'BlueGreen', blueGreen: asked } } });
  world.spec({ version: '2.5.6' });
  return until(world, what, ({ status }) => {
    const { phase, waitingReason } = activeBlueGreen(status) ?? {};
    return phase === what || waitingReason === what;
  });
}

function ask(world: WatchedHalves, request: 'rollback' | 'retry'): void {
  const { upgrade } = world.cluster.spec;
  world.spec({ upgrade: { ...upgrade, requests: { [request]: `at ${world.now}` } } });
}

function broken(): OpenBaoCluster {
  const world = blueGreen({ autoCleanup: false }, 'CleanupRequest');
  world.jobFailures.set('repair-consensus', 'no route to host');
  ask(world, 'rollback');
  return until(world, 'broken', ({ status }) => status.breakGlass?.active === true).cluster;
}

function goingBack(): OpenBaoCluster {
  const world = blueGreen({ autoCleanup: false }, 'CleanupRequest');
  ask(world, 'rollback');
  return until(world, 'back', ({ status }) => status.blueGreen?.phase === 'RollingBack').cluster;
}

function rejected(): OpenBaoCluster {
  const world = blueGreen({ autoPromote: false }, 'PromoteRequest');
  ask(world, 'rollback');
  return until(world, 'rejected', ({ status }) => activeBlueGreen(status) === undefined).cluster;
}

/** A world of rolling upgrades alone leaves out the facts of a status. */
const observed = ({ cluster }: WatchedCluster): OpenBaoCluster => ({
  ...cluster,
  status: { ...cluster.status, observedGeneration: 1 },
});

function pausedMidway(): OpenBaoCluster {
  const world = rolling('Replacing');
  world.spec({ paused: true });
  world.pass();
  return observed(world);
}

const going = <T extends Pick<Told, 'metadata'>>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' },
});

const lookedAgain = (cluster: OpenBaoCluster): OpenBaoCluster => ({
  ...cluster,
  status: decideCluster(observation({ cluster }), context()).status,
});

/** Spec has been changed since the last look. */
const changed = <T extends Told>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, generation: (object.metadata?.generation ?? 1) + 1 },
});

/** Members that stay sealed. */
const sealed: Seen = {
  members: membersOf(member(0), emptyMember(1), emptyMember(2)),
  pods: known([0, 1, 2].map((ordinal) => serverPod(ordinal, { ready: ordinal === 0 }))),
  raft: unknown('no member leads'),
};

export const clusterStates = (): readonly ToldState[] => [
  { state: 'created, not looked at yet', object: { ...settledCluster(), status: statusBeforeFirstLook } },
  { state: 'coming up', object: looked({}, { status: {}, seen: empty }) },
  {
    state: 'not initialized after 15 minutes',
    object: looked({}, { status: {}, seen: empty, minutes: [0, 15] }),
  },
  { state: 'ready', object: looked({}) },
  { state: 'the spec was changed, and not looked at yet', object: changed(looked({})) },
  {
    state: 'a member is not healthy',
    object: looked(
      {},
      { seen: { pods: known([0, 1, 2].map((each) => serverPod(each, { ready: each !== 2 }))) } },
    ),
  },
  { state: 'no leader, for a moment', object: looked({}, { seen: leaderless }) },
  { state: 'no leader for five minutes', object: looked({}, { seen: leaderless, minutes: [0, 5] }) },
  { state: 'quorum lost for five minutes', object: looked({}, { seen: sealed, minutes: [0, 5] }) },
  { state: 'paused, nothing to do', object: looked({ paused: true }) },
  { state: 'paused, and the spec was changed', object: looked({ paused: true, version: '2.5.6' }) },
  {
    state: 'the spec was changed, and another operation has the lock',
    object: looked({ version: '2.5.6' }, { status: { ...settledStatus(), operationLock: restoreLock } }),
  },
  {
    state: 'a restore replaces its data',
    object: looked(
      {},
      {
        status: {
          ...settledStatus(),
          operationLock: restoreLock,
          restore: { name: 'back', operationId: 'r0' },
        },
      },
    ),
  },
  { state: 'rolling upgrade, checks', object: observed(rolling('PreChecks')) },
  { state: 'rolling upgrade, a pod is replaced', object: observed(rolling('Replacing')) },
  { state: 'rolling upgrade, paused', object: pausedMidway() },
  { state: 'rolling upgrade, held', object: heldRolling() },
  { state: 'blue-green upgrade, green starts', object: blueGreen({}, 'DeployingGreen').cluster },
  {
    state: 'blue-green upgrade, waits for promote',
    object: blueGreen({ autoPromote: false }, 'PromoteRequest').cluster,
  },
  { state: 'blue-green upgrade, votes move', object: blueGreen({}, 'Promoting').cluster },
  {
    state: 'blue-green upgrade, waits for cleanup',
    object: blueGreen({ autoCleanup: false }, 'CleanupRequest').cluster,
  },
  { state: 'blue-green upgrade, Cleanup', object: blueGreen({}, 'Cleanup').cluster },
  { state: 'blue-green upgrade, rolling back', object: goingBack() },
  { state: 'rolled back, and the spec still asks for it', object: rejected() },
  { state: 'break glass', object: broken() },
  { state: 'being deleted', object: lookedAgain(going(looked({}))) },
];

/** After the first release, with nothing to do. */
function services(): WatchedServices {
  return until(new WatchedServices(), 'Stable', (world) => isAtRest(world), 3_000);
}

const isAtRest = ({ status }: WatchedServices) =>
  status.deploymentPhase === 'Stable' && status.step === undefined && status.conditions !== undefined;

function passed(world: WatchedServices, change: (world: WatchedServices) => void, isSo = isAtRest): Told {
  change(world);
  return until(world, 'as told', isSo, 3_000).resource;
}

const broke = (world: WatchedServices, tag: string) => {
  world.images.set(tag, 'crash');
  world.write({ storage: { imageTag: tag } });
};
const former = ({ status }: WatchedServices) =>
  status.releaseHistory?.find((each) => each.status === 'Superseded')?.version;
const isIn = (step: string) => (world: WatchedServices) => world.status.step === step;
const hasReason =
  (type: string, reason: string) =>
  ({ status }: WatchedServices) =>
    status.conditions?.find((each) => each.type === type)?.reason === reason;

/** A second release serves. */
function twice(): WatchedServices {
  const world = services();
  passed(
    world,
    () => world.write({ storage: { imageTag: '1.1' } }),
    (each) => isAtRest(each) && each.status.releaseHistory?.length === 2,
  );
  return world;
}

export function releaseStates(): readonly ToldState[] {
  const fresh = new WatchedServices().resource;
  return [
    { state: 'created, not looked at yet', object: { ...fresh, status: statusBeforeFirstLook } },
    {
      state: 'first release, becoming ready',
      object: passed(new WatchedServices(), () => undefined, isIn('WaitingForReady')),
    },
    {
      state: 'first release, failed',
      object: passed(
        new WatchedServices(),
        (world) => broke(world, '1.1'),
        ({ status }) => status.deploymentPhase === 'Failed',
      ),
    },
    { state: 'stable', object: services().resource },
    { state: 'stable, after a second release', object: twice().resource },
    { state: 'the spec was changed, and not looked at yet', object: changed(services().resource) },
    {
      state: 'a release, becoming ready',
      object: passed(
        services(),
        (world) => world.write({ storage: { imageTag: '1.1' } }),
        isIn('WaitingForReady'),
      ),
    },
    {
      state: 'a release, traffic is switched',
      object: passed(services(), (world) => world.write({ storage: { imageTag: '1.1' } }), isIn('Switching')),
    },
    {
      state: 'a release that failed, the former one serves',
      object: passed(
        services(),
        (world) => broke(world, '1.1'),
        (each) => isAtRest(each) && each.status.rejected !== undefined,
      ),
    },
    {
      state: 'paused, nothing to do',
      object: passed(
        services(),
        (world) => world.write({ paused: true }),
        ({ status }) => status.pausedAt !== undefined,
      ),
    },
    {
      state: 'paused, and the spec was changed',
      object: passed(
        services(),
        (world) => world.write({ paused: true, storage: { imageTag: '1.1' } }),
        ({ status }) => status.pausedAt !== undefined,
      ),
    },
    {
      state: 'a rollback that was asked for',
      object: passed(
        twice(),
        (world) => world.annotate('e6data.io/rollback-to', former(world)),
        isIn('WaitingForReady'),
      ),
    },
    {
      state: 'a sync puts back what was rolled back',
      object: passed(
        twice(),
        (world) => {
          world.annotate('e6data.io/rollback-to', former(world));
          until(world, 'rolled back', ({ status }) => status.step === 'WaitingForReady');
          world.write({ storage: { imageTag: '1.1' } }, 'argocd-controller');
        },
        hasReason('Stalled', 'SpecConflict'),
      ),
    },
    {
      state: 'a sync puts an answered request back',
      object: passed(
        twice(),
        (world) => {
          const back = former(world);
          world.annotate('e6data.io/rollback-to', back);
          until(world, 'answered', ({ status }) => status.step === 'WaitingForReady');
          world.annotate('e6data.io/rollback-to', back, 'argocd-controller');
        },
        hasReason('Stalled', 'RollbackRequestReturned'),
      ),
    },
    {
      state: 'no pod of the release that serves is ready',
      object: passed(
        services(),
        (world) => world.images.set('1.0', 'never-ready'),
        hasReason('Available', 'NoReadyPods'),
      ),
    },
    {
      state: 'being deleted',
      object: passed(
        services(),
        (world) => (world.resource = going(world.resource)),
        hasReason('Ready', 'Deleting'),
      ),
    },
  ];
}

function restore(
  phase: string,
  spec: object = { confirm: 'prod' },
  prepare: (world: SimulatedRestore) => void = () => undefined,
): Told {
  const world = new SimulatedRestore(spec);
  prepare(world);
  return until(world, phase, ({ restore: { status } }) => status?.phase === phase && status.waitingFor !== '')
    .restore;
}

export const restoreStates = (): readonly ToldState[] => [
  {
    state: 'created, not looked at yet',
    object: { ...new SimulatedRestore().restore, status: statusBeforeFirstLook },
  },
  {
    state: 'Pending: there is no cluster',
    object: restore('Pending', {}, (world) => {
      world.cluster = undefined;
    }),
  },
  { state: 'Verifying', object: restore('Verifying') },
  { state: 'AwaitingConfirmation', object: restore('AwaitingConfirmation', {}) },
  {
    state: 'Locking: the cluster is paused',
    object: restore('Locking', { confirm: 'prod' }, (world) => {
      world.setCluster({}, { paused: true });
    }),
  },
  { state: 'Restoring', object: restore('Restoring') },
  { state: 'Restarting', object: restore('Restarting') },
  { state: 'Complete', object: restore('Complete') },
  {
    state: 'Failed',
    object: restore('Failed', { confirm: 'prod' }, (world) => {
      world.jobFailures.set('restore-snapshot', 'SealKeyMismatch it does not open');
    }),
  },
  { state: 'being deleted', object: going(restore('AwaitingConfirmation', {})) },
];
