import { expect } from 'chai';
import { activeLabel } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known } from '../../../src/core/model/known.ts';
import {
  context,
  member,
  membersOf,
  observation,
  serverPod,
  settledCluster,
  start,
} from '../../support/observation.ts';

type Given = NonNullable<Parameters<typeof observation>[0]>;

const labeled = (ordinal: number, value: string | undefined) => {
  const pod = serverPod(ordinal);
  const { [activeLabel]: _, ...labels } = pod.metadata.labels ?? {};
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: value === undefined ? labels : { ...labels, [activeLabel]: value } },
  };
};
/** prod-0 leads; what its pod's label says. */
const labelOfLeader = (value: string | undefined): Given => ({
  pods: known([labeled(0, value), serverPod(1), serverPod(2)]),
});
const missing = labelOfLeader('false');

/** What a look so many seconds later comes to. */
function look(given: Given, seconds = 0, status?: OpenBaoClusterStatus) {
  const cluster = settledCluster();
  const stored = { ...cluster, status: { ...cluster.status, ...status } };
  const now = start + seconds * 1_000;
  const decision = decideCluster(observation({ cluster: stored, ...given }), context({ now }));
  const degraded = decision.status.conditions?.find(({ type }) => type === 'Degraded');
  const said = decision.events
    .filter(({ reason }) => reason.startsWith('ActiveLabel'))
    .map(({ type, reason }) => `${type} ${reason}`);
  return { ...decision, degraded, said };
}

describe('a leader without the label by which clients find it (V7)', () => {
  for (const value of ['false', undefined]) {
    it(`is told after half a minute, where the label is ${value ?? 'not there'}`, () => {
      const first = look(labelOfLeader(value));
      expect(first.status.unlabeledLeader).to.deep.equal({
        pod: 'prod-0',
        since: new Date(start).toISOString(),
      });
      expect(first.degraded).to.include({ status: 'False' });
      expect(first.said).to.deep.equal([]);
      expect(first.requeueAt).to.be.at.most(start + 30_000);

      const early = look(labelOfLeader(value), 29, first.status);
      expect(early.degraded).to.include({ status: 'False' });
      const late = look(labelOfLeader(value), 30, early.status);
      expect(late.degraded).to.include({ status: 'True', reason: 'ActiveLabelMissing' });
      expect(late.degraded?.message).to.contain('the Service prod-active has no endpoints');
      expect(late.degraded?.message).to.match(/: kubectl logs -n bao prod-0 -c openbao --tail=100$/);
      expect(late.said).to.deep.equal(['Warning ActiveLabelMissing']);
    });
  }

  const reported: OpenBaoClusterStatus = look(missing, 30, look(missing).status).status;

  it('makes the cluster not Ready, and hides neither that somebody leads nor other members', () => {
    const conditions = reported.conditions ?? [];
    const of = (type: string) => conditions.find((each) => each.type === type);
    expect(of('Ready')).to.include({ status: 'False', reason: 'ActiveLabelMissing' });
    expect(of('Available')).to.include({ status: 'True' });
    expect(of('Stalled')).to.include({ status: 'False' });
    const others = known([labeled(0, 'false'), serverPod(1), serverPod(2, { ready: false })]);
    expect(look({ pods: others }, 60, reported).degraded?.message).to.match(
      /^prod-2 is not Ready; prod-0 leads/,
    );
  });

  it('is told once, and again only after it was there', () => {
    expect(look(missing, 60, reported).said).to.deep.equal([]);
    const back = look({}, 61, reported);
    expect(back.status).not.to.have.property('unlabeledLeader');
    expect(back.said).to.deep.equal(['Normal ActiveLabelFound']);
    expect(back.degraded).to.include({ status: 'False' });
  });

  it('is no news where the label came within half a minute, as after any change of leadership', () => {
    const back = look({}, 5, look(missing).status);
    expect(back.status).not.to.have.property('unlabeledLeader');
    expect(back.said).to.deep.equal([]);
  });

  it('goes on counting where another member leads without it', () => {
    const other: Given = {
      pods: known([labeled(0, 'false'), labeled(1, 'false'), serverPod(2)]),
      members: membersOf(
        member(0, { leader: 'prod-1', standby: true }),
        member(1, { leader: 'prod-1', standby: false }),
        member(2, { leader: 'prod-1' }),
      ),
    };
    const { status } = look(other, 20, look(missing).status);
    expect(status.unlabeledLeader).to.deep.equal({ pod: 'prod-1', since: new Date(start).toISOString() });
  });

  it('is not judged while nobody is known to lead, or pods cannot be read', () => {
    const { status } = look(missing);
    for (const given of [
      { members: new Map() },
      { pods: { kind: 'unknown', cause: 'refused' } },
    ] satisfies Given[]) {
      expect(look(given, 60, status).status.unlabeledLeader).to.deep.equal(status.unlabeledLeader);
      expect(look(given).status).not.to.have.property('unlabeledLeader');
    }
  });
});
