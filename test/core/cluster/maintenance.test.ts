import { expect } from 'chai';
import type { Effect } from '../../../src/core/model/decision.ts';
import { decideMaintenance } from '../../../src/core/cluster/maintenance.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { inMaintenance } from '../../support/builders.ts';
import { context, observation, serverPod, settledCluster, statefulSet } from '../../support/observation.ts';

const patches = (effects: readonly Effect[]) =>
  effects.map((effect) =>
    effect.kind === 'patch'
      ? `${effect.target.kind} ${effect.target.name} ${JSON.stringify(effect.patch)}`
      : effect.kind,
  );
const on = settledCluster({ maintenance: { enabled: true } });
const stamped = { annotations: inMaintenance.annotations };
const set = '{"metadata":{"annotations":{"openbao.org/maintenance":"true"}}}';
const unset = '{"metadata":{"annotations":{"openbao.org/maintenance":null}}}';

describe('maintenance', () => {
  it('stamps every pod and the StatefulSet, also while paused, and records it', () => {
    for (const paused of [false, true]) {
      const cluster = settledCluster({ paused, maintenance: { enabled: true } });
      const { effects, status } = decideMaintenance(observation({ cluster }), {}, context());
      expect(patches(effects)).to.deep.equal([
        `Pod prod-0 ${set}`,
        `Pod prod-1 ${set}`,
        `Pod prod-2 ${set}`,
        `StatefulSet prod ${set}`,
      ]);
      expect(status.maintenance).to.equal(true);
    }
  });

  it('stamps a pod that was made anew, and one that is going and may have to be forced (P7)', () => {
    const pods = known([serverPod(0, stamped), serverPod(1), serverPod(2, { terminating: true })]);
    const seen = observation({ cluster: on, pods, statefulSet: known(statefulSet(stamped)) });
    expect(patches(decideMaintenance(seen, { maintenance: true }, context()).effects)).to.deep.equal([
      `Pod prod-1 ${set}`,
      `Pod prod-2 ${set}`,
    ]);
  });

  it('takes the stamps off, and forgets when they are seen to be off', () => {
    const seen = observation({ pods: known([serverPod(0, stamped), serverPod(1)]) });
    const first = decideMaintenance(seen, { maintenance: true }, context());
    expect(patches(first.effects)).to.deep.equal([`Pod prod-0 ${unset}`]);
    expect(first.status.maintenance).to.equal(true);
    expect(decideMaintenance(observation(), { maintenance: true }, context()).status).to.deep.equal({});
    const unread = observation({ pods: unknown('not read') });
    expect(decideMaintenance(unread, { maintenance: true }, context()).status.maintenance).to.equal(true);
  });

  it('leaves alone what a person annotated by hand', () => {
    const seen = observation({ pods: known([serverPod(0, stamped)]) });
    expect(decideMaintenance(seen, {}, context()).effects).to.deep.equal([]);
  });
});
