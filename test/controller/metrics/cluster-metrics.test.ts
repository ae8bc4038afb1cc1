import { expect } from 'chai';
import { Registry } from 'prom-client';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { clusterMetrics } from '../../../src/controller/metrics/cluster-metrics.ts';
import { raftLag } from '../../../src/controller/metrics/raft-lag.ts';
import { upgradeTransition } from '../../../src/controller/metrics/upgrade-transition.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { cluster } from '../../support/builders.ts';
import { member } from '../../support/observation.ts';

const at = (time: string) => `2026-11-21T${time}Z`;
const ms = (time: string) => Date.parse(at(time));

const upgrading: OpenBaoClusterStatus = {
  observedGeneration: 3,
  phase: 'Upgrading',
  currentVersion: '2.4.4',
  image: 'openbao/openbao:2.4.4',
  readyReplicas: 2,
  replicas: 3,
  raft: { voters: ['prod-0', 'prod-1', 'prod-2'], nonVoters: [], leader: 'prod-0' },
  backup: { latestSnapshot: { name: 's', size: 4096, takenAt: at('07:59:00') } },
  conditions: [
    { type: 'Ready', status: 'False', reason: 'Replacing', message: '', lastTransitionTime: at('08:00:00') },
  ],
  upgrade: {
    fromVersion: '2.4.4',
    targetVersion: '2.5.5',
    phase: 'Replacing',
    startedAt: at('08:00:00'),
    phaseStartedAt: at('08:00:20'),
    completedPods: [2],
    leadershipChanges: 1,
    stepDowns: 1,
  },
};

const { upgrade: _upgrade, ...atRest } = upgrading;

const crossing: OpenBaoClusterStatus = {
  ...atRest,
  blueGreen: {
    phase: 'DemotingBlue',
    blueVersion: '2.4.4',
    greenVersion: '2.5.5',
    startedAt: at('08:00:00'),
    crossedAt: at('08:00:10'),
    phaseStartedAt: at('08:00:20'),
    leadershipChanges: 1,
  },
};

const withBlueGreen = (blueGreen: OpenBaoClusterStatus['blueGreen']): OpenBaoClusterStatus => ({
  ...crossing,
  blueGreen: { ...crossing.blueGreen, ...blueGreen },
});

/** Series of one scrape: `name{label="value"} value`, without help and type. */
async function scrape(clusters: readonly OpenBaoCluster[], time = '08:00:30'): Promise<readonly string[]> {
  const registry = new Registry();
  clusterMetrics(
    registry,
    () => clusters,
    () => ms(time),
  );
  return seriesOf(registry);
}

const seriesOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const ofClusters = (series: readonly string[]) => series.filter((line) => line.includes('namespace='));

describe('metrics of clusters', () => {
  it('say where an upgrade is', async () => {
    const series = await scrape([
      cluster({ upgrade: { preUpgradeSnapshot: true } }, upgrading, { generation: 4 }),
    ]);
    const of = 'namespace="bao",name="prod"';
    expect(series).to.include.members([
      `rollguard_cluster_info{${of},version="2.5.5",current_version="2.4.4",target_version="2.5.5",image="openbao/openbao:2.4.4"} 1`,
      `rollguard_cluster_phase{${of},phase="Upgrading"} 1`,
      `rollguard_cluster_phase{${of},phase="Running"} 0`,
      `rollguard_cluster_condition{${of},type="Ready",status="false",reason="Replacing"} 1`,
      `rollguard_cluster_replicas{${of}} 3`,
      `rollguard_cluster_ready_replicas{${of}} 2`,
      `rollguard_cluster_paused{${of}} 0`,
      `rollguard_cluster_break_glass{${of}} 0`,
      `rollguard_cluster_unobserved_generations{${of}} 1`,
      `rollguard_upgrade_phase{${of},phase="Replacing"} 1`,
      `rollguard_upgrade_phase{${of},phase="PreChecks"} 0`,
      `rollguard_upgrade_seconds{${of}} 30`,
      `rollguard_upgrade_step_seconds{${of}} 10`,
      `rollguard_upgrade_pods{${of}} 3`,
      `rollguard_upgrade_completed_pods{${of}} 1`,
      `rollguard_upgrade_leadership_changes{${of}} 1`,
      `rollguard_upgrade_step_downs{${of}} 1`,
      `rollguard_raft_voters{${of}} 3`,
      `rollguard_raft_non_voters{${of}} 0`,
      `rollguard_snapshot_configured{${of}} 0`,
      `rollguard_snapshot_age_seconds{${of}} 90`,
      `rollguard_snapshot_size_bytes{${of}} 4096`,
    ]);
    expect(series.some((line) => line.startsWith('rollguard_upgrade_held'))).to.equal(false);
  });

  it('say where a blue-green upgrade is, and since when it crosses', async () => {
    const of = 'namespace="bao",name="prod"';
    const series = await scrape([cluster({}, crossing)]);
    expect(series).to.include.members([
      `rollguard_cluster_info{${of},version="2.5.5",current_version="2.4.4",target_version="2.5.5",image="openbao/openbao:2.4.4"} 1`,
      `rollguard_upgrade_phase{${of},phase="DemotingBlue"} 1`,
      `rollguard_upgrade_phase{${of},phase="Replacing"} 0`,
      `rollguard_upgrade_seconds{${of}} 30`,
      `rollguard_upgrade_step_seconds{${of}} 10`,
      `rollguard_upgrade_open_ended{${of}} 1`,
      `rollguard_upgrade_crossing_seconds{${of}} 20`,
      `rollguard_upgrade_leadership_changes{${of}} 1`,
    ]);
    expect(series.filter((line) => /^rollguard_upgrade_(pods|step_downs|held)/.test(line))).to.deep.equal([]);
    const timed = withBlueGreen({ deadline: at('08:10:00') });
    expect(await scrape([cluster({}, timed)])).to.include(`rollguard_upgrade_open_ended{${of}} 0`);
    const idle = ofClusters(await scrape([cluster({}, { ...crossing, blueGreen: { phase: 'Idle' } })]));
    expect(idle.filter((line) => line.startsWith('rollguard_upgrade'))).to.deep.equal([]);
  });

  it('say why an upgrade is held', async () => {
    const held = {
      ...upgrading,
      lastErrorReason: 'PodNotReady',
      upgrade: { ...upgrading.upgrade, held: true },
    };
    expect(await scrape([cluster({}, held)])).to.include(
      'rollguard_upgrade_held{namespace="bao",name="prod",reason="PodNotReady"} 1',
    );
  });

  it('say nothing that is not known: a cluster without a status, an idle one, a broken time', async () => {
    const fresh = ofClusters(await scrape([cluster()]));
    expect(
      fresh.filter((line) => /^rollguard_(upgrade|raft|snapshot_age|snapshot_size|cluster_ready)/.test(line)),
    ).to.deep.equal([]);
    expect(fresh).to.include('rollguard_cluster_phase{namespace="bao",name="prod",phase="Running"} 0');
    const broken = { upgrade: { phase: 'Replacing' as const, startedAt: 'soon' } };
    expect(
      (await scrape([cluster({}, broken)])).some((line) => line.startsWith('rollguard_upgrade_seconds')),
    ).to.equal(false);
  });

  it('are never negative when clocks differ', async () => {
    const series = await scrape([cluster({}, upgrading)], '07:00:00');
    expect(ofClusters(series).filter((line) => / -/.test(line))).to.deep.equal([]);
  });

  it('leave nothing of a cluster that goes', async () => {
    const registry = new Registry();
    let clusters: readonly OpenBaoCluster[] = [cluster({}, upgrading)];
    const { observed } = clusterMetrics(registry, () => clusters);
    observed(observation({ lag: 7 }));
    expect(await seriesOf(registry)).to.include(
      'rollguard_raft_lag_entries{namespace="bao",name="prod",pod="prod-1"} 7',
    );
    clusters = [];
    expect(ofClusters(await seriesOf(registry))).to.deep.equal([]);
    clusters = [cluster({}, upgrading)];
    expect((await seriesOf(registry)).some((line) => line.startsWith('rollguard_raft_lag'))).to.equal(false);
  });

  it('forget a lag that nobody observes any more: another replica leads', async () => {
    const registry = new Registry();
    let now = ms('08:00:00');
    const { observed } = clusterMetrics(
      registry,
      () => [cluster()],
      () => now,
    );
    observed(observation({ lag: 7 }));
    now = ms('08:04:00');
    expect((await seriesOf(registry)).filter((line) => line.startsWith('rollguard_raft_lag'))).to.have.length(
      2,
    );
    now = ms('08:06:00');
    expect((await seriesOf(registry)).filter((line) => line.startsWith('rollguard_raft_lag'))).to.have.length(
      0,
    );
  });

  it('count what ended, and not what goes with its cluster', async () => {
    const registry = new Registry();
    const { changed } = clusterMetrics(
      registry,
      () => [],
      () => ms('08:01:00'),
    );
    const { upgrade: _, ...idle } = upgrading;
    const [before, after] = [cluster({}, upgrading), cluster({}, { ...idle, currentVersion: '2.5.5' })];
    changed({ old: before, new: after });
    changed({ old: before });
    changed({ new: before });
    const series = await seriesOf(registry);
    expect(series).to.include.members([
      'rollguard_upgrade_duration_seconds_count{outcome="done"} 1',
      'rollguard_upgrade_duration_seconds_sum{outcome="done"} 60',
      'rollguard_upgrade_duration_seconds_count{outcome="aborted"} 0',
      'rollguard_upgrade_phase_duration_seconds_sum{phase="Replacing"} 40',
      'rollguard_upgrade_phase_duration_seconds_count{phase="Snapshot"} 0',
    ]);
  });
});

describe('what ended between two statuses', () => {
  const next = (upgrade: OpenBaoClusterStatus['upgrade']) => ({
    ...upgrading,
    upgrade: { ...upgrading.upgrade, ...upgrade },
  });

  it('is nothing when nothing did, or there was nothing', () => {
    expect(upgradeTransition(upgrading, next({ waitingFor: 'prod-1' }), 0)).to.deep.equal({});
    expect(upgradeTransition(undefined, upgrading, 0)).to.deep.equal({});
    expect(upgradeTransition({}, {}, 0)).to.deep.equal({});
  });

  it('is a phase, as long as the status says', () => {
    const after = next({ phase: 'CatchingUp', phaseStartedAt: at('08:00:32') });
    expect(upgradeTransition(upgrading, after, ms('09:00:00'))).to.deep.equal({
      phase: { name: 'Replacing', seconds: 12 },
    });
  });

  it('is a hold, once', () => {
    const after = { ...next({ held: true }), lastErrorReason: 'PodNotReady' };
    expect(upgradeTransition(upgrading, after, 0)).to.deep.equal({ heldFor: 'PodNotReady' });
    expect(upgradeTransition(after, after, 0)).to.deep.equal({});
  });

  it('is an upgrade given up when the old version stays', () => {
    const { upgrade: _, ...idle } = upgrading;
    expect(upgradeTransition(upgrading, idle, ms('08:00:30')).upgrade).to.deep.equal({
      outcome: 'aborted',
      seconds: 30,
    });
  });

  it('is a restart done when it went from Finalizing, though no version changed', () => {
    const before = {
      ...upgrading,
      currentVersion: '2.5.5',
      upgrade: { ...upgrading.upgrade, phase: 'Finalizing' as const },
    };
    const { upgrade: _, ...idle } = before;
    expect(upgradeTransition(before, idle, ms('08:00:30')).upgrade?.outcome).to.equal('done');
  });
});

describe('what ended between two statuses of a blue-green upgrade', () => {
  it('is the checks, in status.upgrade, and goes on in status.blueGreen', () => {
    const checks = {
      ...atRest,
      upgrade: { phase: 'PreChecks' as const, startedAt: at('08:00:00'), phaseStartedAt: at('08:00:00') },
    };
    const deploying = withBlueGreen({ phase: 'DeployingGreen' });
    expect(upgradeTransition(checks, deploying, ms('09:00:00'))).to.deep.equal({
      phase: { name: 'PreChecks', seconds: 20 },
    });
  });

  it('is an upgrade done when it went from Cleanup', () => {
    const before = withBlueGreen({ phase: 'Cleanup', cleanupStartedAt: at('08:00:20') });
    const after = { ...atRest, currentVersion: '2.5.5', blueGreen: { phase: 'Idle' as const } };
    expect(upgradeTransition(before, after, ms('08:00:30'))).to.deep.equal({
      phase: { name: 'Cleanup', seconds: 10 },
      upgrade: { outcome: 'done', seconds: 30 },
    });
  });

  it('is aborted before green had votes, and rolled back after', () => {
    const back = withBlueGreen({ phase: 'RollbackCleanup' });
    const after = {
      ...atRest,
      blueGreen: {
        phase: 'Idle' as const,
        rejectedTarget: { version: '2.5.5', image: 'openbao/openbao:2.5.5' },
      },
    };
    const outcome = (before: OpenBaoClusterStatus) => upgradeTransition(before, after, 0).upgrade?.outcome;
    expect(outcome(back)).to.equal('rolled-back');
    const { crossedAt: _crossed, ...early } = back.blueGreen ?? {};
    expect(outcome({ ...back, blueGreen: early })).to.equal('aborted');
  });

  it('is each hold and each incident, once', () => {
    const held = { ...withBlueGreen({ held: true }), lastErrorReason: 'UpgradeJobFailed' };
    expect(upgradeTransition(crossing, held, 0)).to.deep.equal({ heldFor: 'UpgradeJobFailed' });
    const incident = (nonce: string) => ({
      ...crossing,
      breakGlass: { active: true, reason: 'RollbackConsensusRepairFailed', nonce },
    });
    expect(upgradeTransition(crossing, incident('a'), 0).heldFor).to.equal('RollbackConsensusRepairFailed');
    expect(upgradeTransition(incident('a'), incident('a'), 0)).to.deep.equal({});
    expect(upgradeTransition(incident('a'), incident('b'), 0).heldFor).to.equal(
      'RollbackConsensusRepairFailed',
    );
  });
});

describe('lag', () => {
  it('is unknown without a leader or its index', () => {
    expect(
      raftLag({ members: new Map([['prod-1', known(member(1))]]), raft: unknown('nobody leads') }),
    ).to.deep.equal(new Map());
    const { members } = observation({ lag: 3 });
    const raft = known({ readFrom: 'prod-2', servers: [] });
    expect(raftLag({ members, raft })).to.deep.equal(new Map());
  });

  it('is never negative: indexes are read one after another', () => {
    expect(raftLag(observation({ lag: -5 })).get('prod-1')).to.equal(0);
  });

  it('leaves out members that do not answer', () => {
    const { members, raft } = observation({ lag: 3 });
    const lags = raftLag({ members: new Map([...members, ['prod-2', unknown('no answer')]]), raft });
    expect([...lags.keys()]).to.deep.equal(['prod-0', 'prod-1']);
  });
});

function observation({ lag }: { readonly lag: number }): Observation {
  const read: Pick<Observation, 'cluster' | 'members' | 'raft'> = {
    cluster: cluster(),
    members: new Map([
      ['prod-0', known(member(0, { lastIndex: 100, appliedIndex: 100 }))],
      ['prod-1', known(member(1, { appliedIndex: 100 - lag }))],
    ]),
    raft: known({ readFrom: 'prod-0', servers: [] }),
  };
  return read as Observation;
}
