import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { actionAnnotation } from '../../../src/api/labels.ts';
import { decideDeadServerCleanup } from '../../../src/core/cluster/dead-server-cleanup.ts';
import { jobName } from '../../../src/core/jobs/job-name.ts';
import { known } from '../../../src/core/model/known.ts';
import { wordsOf } from '../../support/notices.ts';
import {
  context,
  observation,
  observedJob,
  settledCluster,
  settledStatus,
} from '../../support/observation.ts';
import { WatchedCluster } from '../upgrade/rolling/watched-cluster.ts';

/** Runs until it holds still, or until what is asked for is so. */
function run(world: WatchedCluster, isThere: () => boolean = () => false): void {
  for (let turn = 0; turn < 400 && !isThere(); turn++) {
    world.pass();
    world.tick();
  }
}

const upgraded = (world: WatchedCluster) => () => world.status.currentVersion === '2.5.6';
const switches = (world: WatchedCluster) =>
  [...world.jobs].flatMap(([name, { action, outcome }]) =>
    action === 'dead-server-cleanup' ? [`${outcome} ${name.split('-').at(-1)}`] : [],
  );

// A slow pod would be taken for a dead server, removed, and with its data could not join again.
describe('the removal of dead servers by autopilot', () => {
  it('is off before the first pod of a rolling upgrade goes, and on again after the last', () => {
    const world = new WatchedCluster({ deadServerCleanup: true });
    world.spec({ version: '2.5.6' });
    run(world, () => world.status.upgrade?.phase === 'Replacing');
    expect(world.deadServerCleanup).to.equal(false);
    expect(world.status.deadServerCleanup).to.deep.equal({ operationId: world.status.upgrade?.operationId });
    run(world, upgraded(world));
    expect(world.deadServerCleanup).to.equal(false);
    run(world, () => world.status.deadServerCleanup === undefined);
    expect(world.deadServerCleanup).to.equal(true);
    expect(switches(world)).to.deep.equal(['succeeded off', 'succeeded on']);
  });

  it('is left alone where it was off', () => {
    const world = new WatchedCluster();
    world.spec({ version: '2.5.6' });
    run(world, upgraded(world));
    expect(switches(world)).to.deep.equal([]);
    expect(world.status.deadServerCleanup).to.equal(undefined);
  });

  it('is off in a restart, too, and on again when an upgrade is dropped before it touched anything', () => {
    const restarted = new WatchedCluster({ deadServerCleanup: true });
    restarted.spec({ maintenance: { restartAt: 'now' } });
    run(restarted, () => restarted.status.lastRestartAt === 'now');
    run(restarted, () => restarted.status.deadServerCleanup === undefined);
    expect(restarted.deadServerCleanup).to.equal(true);
    expect(switches(restarted)).to.deep.equal(['succeeded off', 'succeeded on']);

    const dropped = new WatchedCluster({ deadServerCleanup: true });
    dropped.spec({ version: '2.5.6' });
    run(dropped, () => !dropped.deadServerCleanup);
    expect(dropped.status.upgrade?.phase).to.equal('Locking');
    dropped.spec({ version: '2.5.5' });
    run(dropped, () => dropped.deadServerCleanup && dropped.status.upgrade === undefined);
    run(dropped, () => dropped.status.deadServerCleanup === undefined);
    expect(switches(dropped)).to.deep.equal(['succeeded off', 'succeeded on']);
  });

  it('holds the upgrade, with every pod as it was, where it cannot be switched off', () => {
    const world = new WatchedCluster({ deadServerCleanup: true });
    world.jobFailures.set('dead-server-cleanup', 'no');
    world.spec({ version: '2.5.6' });
    run(world, () => world.status.upgrade?.held === true);
    expect(world.status.lastErrorReason).to.equal('UpgradeJobFailed');
    expect(world.status.lastErrorMessage).to.contain('kubectl logs -n bao job/');
    expect([...world.pods.values()].every(({ image }) => image.endsWith('2.5.5'))).to.equal(true);
    world.jobFailures.clear();
    world.spec({ upgrade: { requests: { retry: 'again' } } });
    run(world, upgraded(world));
    run(world, () => world.status.deadServerCleanup === undefined);
    expect(world.deadServerCleanup).to.equal(true);
  });

  const status: OpenBaoClusterStatus = {
    ...settledStatus(),
    deadServerCleanup: { operationId: 'op00000001' },
  };
  const decided = (stored: OpenBaoClusterStatus, jobs: ReturnType<typeof observedJob>[] = [], spec = {}) =>
    decideDeadServerCleanup(
      observation({ cluster: settledCluster(spec, stored), jobs: known(jobs) }),
      stored,
      context(),
    );

  it('waits for the end of a restore, and of a pause', () => {
    const lock = { operation: 'Restore', holder: 'x', operationId: 'y' } as const;
    expect(decided(status).effects).to.have.length(1);
    expect(decided({ ...status, operationLock: lock }).effects).to.deep.equal([]);
    expect(decided({ ...status, restore: { name: 'r' } }).effects).to.deep.equal([]);
    expect(decided(status, [], { paused: true }).effects).to.deep.equal([]);
  });

  it('is on again only once what switches it off, or moves the leadership, has ended', () => {
    for (const action of ['dead-server-cleanup', 'step-down', 'remove-peer']) {
      const { job, ...rest } = observedJob('another', 'running');
      const metadata = { ...job.metadata, annotations: { [actionAnnotation]: action } };
      const { effects, notices } = decided(status, [{ ...rest, job: { ...job, metadata } }]);
      expect(effects, action).to.deep.equal([]);
      expect(wordsOf(notices?.[0]), action).to.contain('Job another to end');
    }
  });

  it('says how to try again when it cannot be switched on', () => {
    const name = jobName('prod', {
      action: 'dead-server-cleanup',
      operationId: 'op00000001',
      enabled: true,
      halves: { blue: [], green: [] },
    });
    const { notices, effects } = decided(status, [observedJob(name, 'failed')]);
    expect(effects).to.deep.equal([]);
    expect(notices?.map(({ kind, reason }) => `${kind} ${reason}`)).to.deep.equal([
      'held DeadServerCleanupOff',
    ]);
    expect(wordsOf(notices?.[0])).to.contain(`kubectl -n bao delete job ${name}`);
  });
});
