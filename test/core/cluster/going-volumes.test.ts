import { expect } from 'chai';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { peersOf } from '../../../src/core/raft/peers.ts';
import { whyUnhealthy } from '../../../src/core/raft/health.ts';
import { disruptionBudget } from '../../../src/core/workload/disruption-budget.ts';
import { whyNotStepDown, whyNotTakeDown } from '../../../src/core/upgrade/rolling/disruption-guard.ts';
import { SimulatedScaling } from './scale-simulated.ts';
import {
  claim,
  context,
  observation,
  serverPod,
  settledCluster,
  settledStatus,
} from '../../support/observation.ts';

const ordinals = [0, 1, 2];
const claims = (...going: readonly number[]) =>
  ordinals.map((ordinal) =>
    claim(ordinal, '2.5.5', {
      annotations: { ...claim(ordinal).metadata.annotations },
      ...(going.includes(ordinal) ? { deletionTimestamp: '2026-01-02T03:04:05Z' } : {}),
    }),
  );
const decided = (going: readonly number[], spec = {}, given = {}) =>
  decideCluster(
    observation({ cluster: settledCluster(spec), claims: known(claims(...going)), ...given }),
    context(),
  );

describe('a volume that somebody has deleted while its member runs (L3)', () => {
  it('holds the cluster, names the member, and has what to do', () => {
    const { status } = decided([1]);
    expect(status.lastErrorReason).to.equal('VolumeDeleting');
    for (const text of ['prod-1', 'snapshot', 'kubectl delete pod/prod-1', 'cannot be taken back'])
      expect(status.lastErrorMessage).to.contain(text);
    const said = Object.fromEntries((status.conditions ?? []).map((each) => [each.type, each.status]));
    expect(said).to.include({ Ready: 'False', Stalled: 'True', Degraded: 'True', Available: 'True' });
    expect(decided([]).status.lastErrorReason).to.equal(undefined);
  });

  it('is no matter of a pod that goes as well: that member is being given a new one', () => {
    const pods = known(ordinals.map((each) => serverPod(each, { terminating: each === 1 })));
    expect(decided([1], {}, { pods }).status.lastErrorReason).to.not.equal('VolumeDeleting');
  });

  it('lets no member leave, whether the change of size has begun or not', () => {
    for (const turns of [0, 1]) {
      const scaling = new SimulatedScaling(5, 3);
      for (let turn = 0; turn < turns; turn++) scaling.turn();
      const { metadata } = scaling.claims.get('prod-4') ?? {};
      scaling.claims.set('prod-4', { metadata: { ...metadata, deletionTimestamp: '2026-01-02T03:04:05Z' } });
      for (let turn = 0; turn < 10; turn++) scaling.turn();
      expect(
        scaling.done.filter((each) => each.includes('prod-4')),
        `${turns}`,
      ).to.deep.equal([]);
      expect(scaling.size).to.equal(5);
    }
  });

  it('has a condition of its own, which no incident hides, and which says when it is over', () => {
    const condition = (going: readonly number[], status: object, given = {}) => {
      const cluster = settledCluster({}, { ...settledStatus(), ...status });
      const { conditions } = decided(going, {}, { cluster, ...given }).status;
      return conditions?.find(({ type }) => type === 'VolumeDeleting');
    };
    const breakGlass = { active: true, nonce: 'n' };
    const seen = condition([1], { breakGlass });
    expect(seen).to.include({ status: 'True', reason: 'DeletedByOthers' });
    expect(seen?.message).to.contain('prod-1');
    expect(condition([], {})).to.equal(undefined);
    const after = { conditions: seen === undefined ? [] : [seen] };
    expect(condition([], after)).to.include({ status: 'False' });
    expect(condition([], after, { pods: unknown('no answer') })).to.include({ status: 'True' });
  });

  it('lets no other member leave either, which may hold the last of it, nor a volume of one that has left', () => {
    const going = (scaling: SimulatedScaling) => {
      const { metadata } = scaling.claims.get('prod-0') ?? {};
      scaling.claims.set('prod-0', { metadata: { ...metadata, deletionTimestamp: '2026-01-02T03:04:05Z' } });
    };
    const begun = new SimulatedScaling(4, 3);
    begun.faults = { broken: [3] };
    begun.turn();
    going(begun);
    expect(begun.run(10).done).to.deep.equal([]);
    const left = new SimulatedScaling(4, 3);
    while (!left.done.includes('size 3')) left.turn();
    going(left);
    expect(left.run(10).done).to.deep.equal(['remove-peer prod-3', 'size 3']);
  });

  it('lets no upgrade or restart begin', () => {
    for (const spec of [{ version: '2.5.6' }, { maintenance: { restartAt: 'now' } }]) {
      const { status } = decided([0, 1, 2], spec);
      expect(status, JSON.stringify(spec)).to.not.have.any.keys('upgrade', 'scaling');
      expect(decided([], spec).status).to.satisfy((now: object) => 'upgrade' in now || 'scaling' in now);
    }
  });

  it('makes its member unhealthy, which no pod is stopped beside, nor itself', () => {
    const seen = observation({ claims: known(claims(2)) });
    const peers = peersOf(seen, 3);
    const upgrade = { phase: 'Replacing', targetVersion: '2.5.6', referenceIndex: 0 } as const;
    const input = {
      observation: seen,
      peers,
      replicas: 3,
      upgrade,
      status: settledStatus(),
      context: context(),
    };
    const words = 'the volume of prod-2 is being deleted, and goes with its pod';
    expect(peers.expected.map((peer) => whyUnhealthy(peer, peers))).to.deep.equal([
      undefined,
      undefined,
      words,
    ]);
    expect(whyNotTakeDown(input, 2)?.reason).to.equal(words);
    expect(whyNotTakeDown(input, 1)?.reason).to.equal(words);
    expect(whyNotStepDown(input, 0)?.reason).to.equal(words);
    const alone = observation({ cluster: settledCluster({ replicas: 1 }), claims: known(claims(0)) });
    const single = { ...input, observation: alone, peers: peersOf(alone, 1), replicas: 1 };
    expect(whyNotTakeDown(single, 0)?.reason).to.contain('prod-0');
  });

  it('lets nobody evict a pod', () => {
    const members = ordinals.map((each) => `prod-${each}`);
    const cluster = settledCluster();
    const allowed = (...going: readonly number[]) =>
      (
        disruptionBudget({ cluster, claims: claims(...going) }, members) as {
          spec?: { maxUnavailable?: number };
        }
      ).spec?.maxUnavailable;
    expect([allowed(), allowed(1)]).to.deep.equal([1, 0]);
    const former = { ...claim(0), metadata: { name: 'data-prod-7', deletionTimestamp: 'now' } };
    const budget = disruptionBudget({ cluster, claims: [former] }, members) as {
      spec?: { maxUnavailable?: number };
    };
    expect(budget.spec?.maxUnavailable).to.equal(1);
  });
});
