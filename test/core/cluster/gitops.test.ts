import { expect } from 'chai';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { withConditions } from '../../../src/core/cluster/conditions.ts';
import { withDeletionConditions } from '../../../src/core/cluster/deletion.ts';
import { kstatusOf } from '../../support/kstatus.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  context,
  member,
  membersOf,
  observation,
  settledCluster,
  settledStatus,
  start,
} from '../../support/observation.ts';
import { wrongCluster } from '../../support/status-rules.ts';
import { WatchedHalves } from '../upgrade/bluegreen/watched-halves.ts';

/** The cluster with the status that one look at it leaves. */
function looked(
  spec: Partial<OpenBaoCluster['spec']>,
  given: Partial<OpenBaoClusterStatus> = {},
): OpenBaoCluster {
  const cluster = settledCluster(spec, { ...settledStatus(), ...given });
  return { ...cluster, status: decideCluster(observation({ cluster }), context()).status };
}

const said = (cluster: OpenBaoCluster, type: string) => {
  const found = cluster.status?.conditions?.find((each) => each.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};

/** What spec asks for beside what runs, with a word of what the conditions must say of it. */
const changes: Readonly<Record<string, readonly [Partial<OpenBaoCluster['spec']>, string]>> = {
  version: [{ version: '2.5.6' }, 'spec asks for 2.5.6 (openbao/openbao:2.5.6)'],
  image: [{ image: 'mirror.example/openbao:2.5.5' }, 'spec asks for 2.5.5 (mirror.example/openbao:2.5.5)'],
  replicas: [{ replicas: 5 }, 'spec.replicas is 5, and the cluster has 3 members'],
  restartAt: [{ maintenance: { restartAt: '2026-01-02T03:00:00Z' } }, 'restart of 2026-01-02T03:00:00Z'],
};

describe('what GitOps tools read of a cluster', () => {
  it('is Current while it is paused and nothing is to be done', () => {
    const cluster = looked({ paused: true });
    expect(kstatusOf(cluster).status).to.equal('Current');
    expect(wrongCluster(cluster, start)).to.equal(undefined);
  });

  for (const [what, [change, words]] of Object.entries(changes)) {
    it(`is InProgress where ${what} was changed while it is paused (G1)`, () => {
      const cluster = looked({ ...change, paused: true });
      expect(kstatusOf(cluster).status).to.equal('InProgress');
      for (const type of ['Ready', 'Reconciling'])
        expect(said(cluster, type))
          .to.match(/^False Paused/)
          .and.contain(words);
      expect(said(cluster, 'Stalled')).to.contain(`-p '{"spec":{"paused":false}}'`);
      expect(wrongCluster(cluster, start)).to.equal(undefined);
    });

    it(`is InProgress where ${what} was changed while another operation has the lock (G1)`, () => {
      const operationLock = {
        operation: 'Restore',
        operationId: 'r0',
        holder: 'openbaorestore/back',
      } as const;
      const cluster = looked(change, { operationLock });
      expect(kstatusOf(cluster).status).to.equal('InProgress');
      expect(said(cluster, 'Ready')).to.contain(words);
      expect(said(cluster, 'Ready')).to.contain('openbaorestore/back holds the lock');
      expect(said(cluster, 'Reconciling')).to.match(/^True/);
      expect(wrongCluster(cluster, start)).to.equal(undefined);
    });
  }

  it('is InProgress while a restore has the lock, whether it is recorded or not (G1)', () => {
    const operationLock = { operation: 'Restore', operationId: 'r0', holder: 'openbaorestore/back' } as const;
    for (const restore of [undefined, { name: 'back', operationId: 'r0' }]) {
      const cluster = looked({}, { operationLock, ...(restore === undefined ? {} : { restore }) });
      expect(kstatusOf(cluster).status).to.equal('InProgress');
      expect(said(cluster, 'Ready')).to.match(/^False Restoring/);
    }
  });

  it('is not Ready before it is known what runs', () => {
    const { currentVersion: _, ...status } = settledStatus();
    const cluster = settledCluster();
    const told = withConditions(observation({ cluster }), status, [], context());
    expect(said({ ...cluster, status: told }, 'Ready')).to.match(/^False VersionUnknown/);
  });

  for (const [request, phase] of [
    ['promote', 'Syncing'],
    ['cleanup', 'DemotingBlue'],
  ] as const) {
    it(`names the person that is awaited for ${request}, and is no failure (G3)`, () => {
      const world = new WatchedHalves({
        spec: {
          upgrade: {
            strategy: 'BlueGreen',
            blueGreen: { autoPromote: request !== 'promote', autoCleanup: false },
          },
        },
      });
      world.spec({ version: '2.5.6' });
      const awaited = request === 'promote' ? 'PromoteRequest' : 'CleanupRequest';
      for (let turn = 0; turn < 2_000 && world.status.blueGreen?.waitingReason !== awaited; turn++) {
        world.pass();
        world.tick(500);
      }
      expect(world.status.blueGreen?.phase).to.equal(phase);
      expect(kstatusOf(world.cluster).status).to.equal('InProgress');
      for (const type of ['Ready', 'Stalled', 'Reconciling']) {
        expect(said(world.cluster, type)).to.match(new RegExp(`^False ${awaited}`));
        expect(said(world.cluster, type)).to.contain(`"requests":{"${request}":`).and.contain('"rollback":');
      }
      world.spec({ paused: true });
      world.pass();
      expect(said(world.cluster, 'Stalled')).to.contain('"paused":false');
    });
  }

  it('never says both Reconciling and Stalled, also while it is deleted in the midst of a hold (G5)', () => {
    const upgrade = { operationId: 'up00000001', phase: 'Replacing', held: true } as const;
    const held = withConditions(observation(), { ...settledStatus(), upgrade }, [], context());
    const { conditions = [] } = withDeletionConditions(observation(), held, [], start);
    expect(conditions.slice(0, 3).map(({ type, status }) => `${type}=${status}`)).to.deep.equal([
      'Ready=False',
      'Stalled=False',
      'Reconciling=True',
    ]);
    expect(new Set(conditions.map(({ type }) => type)).size).to.equal(conditions.length);
  });

  const leaderless: Readonly<Record<string, Parameters<typeof observation>[0]>> = {
    NoLeader: {
      members: membersOf(...[0, 1, 2].map((ordinal) => member(ordinal, { standby: true }))),
      raft: unknown('no member leads'),
    },
    LeaderUnknown: {
      members: new Map([0, 1, 2].map((ordinal) => [`prod-${ordinal}`, unknown('connection refused')])),
      raft: unknown('no member leads'),
    },
  };
  for (const [reason, given] of Object.entries(leaderless)) {
    for (const paused of [false, true]) {
      it(`is Failed with ${reason} after five minutes at rest${paused ? ', paused too' : ''} (G7)`, () => {
        let cluster = settledCluster({ paused }, settledStatus());
        const look = (seconds: number, seen = given) => {
          const now = start + seconds * 1_000;
          const { status } = decideCluster(observation({ ...seen, cluster }), context({ now }));
          cluster = { ...cluster, status };
          expect(wrongCluster(cluster, now)).to.equal(undefined);
          return kstatusOf(cluster).status;
        };
        expect([look(0, {}), look(10), look(309)]).to.deep.equal(['Current', 'InProgress', 'InProgress']);
        // What was unknown meanwhile is the same outage.
        const other = leaderless[reason === 'NoLeader' ? 'LeaderUnknown' : 'NoLeader'];
        expect([look(200, other), look(310)]).to.deep.equal(['InProgress', 'Failed']);
        expect(said(cluster, 'Stalled')).to.match(new RegExp(`^True ${reason}: `));
        expect(said(cluster, 'Stalled'))
          .to.contain('since 2026-01-02T03:04:15')
          .and.contain('delete no volume');
        expect(look(320, {})).to.equal('Current');
        expect(cluster.status?.unavailableSince).to.equal(undefined);
      });
    }
  }

  it('is Failed where a new cluster is not initialized after 15 minutes, unless it is paused (G7)', () => {
    for (const paused of [false, true]) {
      let cluster = settledCluster({ paused }, {});
      const look = (minutes: number) => {
        const seen = { members: new Map(), raft: unknown('no member leads'), claims: known([]) };
        const now = start + minutes * 60_000;
        const { status } = decideCluster(observation({ ...seen, cluster }), context({ now }));
        cluster = { ...cluster, status };
        return kstatusOf(cluster).status;
      };
      expect([look(0), look(14.9)]).to.deep.equal(['InProgress', 'InProgress']);
      expect(look(15)).to.equal(paused ? 'InProgress' : 'Failed');
      if (!paused) expect(said(cluster, 'Stalled')).to.match(/^True NotInitialized: prod-0 has not/);
    }
  });

  it('gives a cluster that has just been initialized the time of an election, however long that took (G7)', () => {
    let cluster = settledCluster({}, {});
    const look = (minutes: number, seen: Parameters<typeof observation>[0]) => {
      const now = start + minutes * 60_000;
      const { status } = decideCluster(observation({ ...seen, cluster }), context({ now }));
      cluster = { ...cluster, status };
      return kstatusOf(cluster).status;
    };
    const away = { members: new Map(), raft: unknown('no member leads'), claims: known([]) };
    expect([look(0, away), look(14, away)]).to.deep.equal(['InProgress', 'InProgress']);
    // It has data, and its members cannot be listed yet.
    expect(look(14.1, { raft: unknown('the role is not there yet') })).to.equal('InProgress');
    expect(cluster.status?.initialized).to.equal(true);
    expect(look(18, { raft: unknown('the role is not there yet') })).to.equal('InProgress');
    expect(look(19.2, { raft: unknown('the role is not there yet') })).to.equal('Failed');
  });

  it('leaves an outage in the midst of an operation to the deadline of that', () => {
    const upgrade = {
      operationId: 'up00000001',
      phase: 'Replacing',
      targetVersion: '2.5.6',
      fromVersion: '2.5.5',
    } as const;
    const status = { ...settledStatus(), upgrade, unavailableSince: '2026-01-02T02:00:00Z' };
    const told = withConditions(observation(leaderless['NoLeader']), status, [], context());
    expect(kstatusOf({ ...settledCluster(), status: told }).status).to.equal('InProgress');
  });
});
