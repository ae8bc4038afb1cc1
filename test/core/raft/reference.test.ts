import { expect } from 'chai';
import { peersOf } from '../../../src/core/raft/peers.ts';
import { newReference } from '../../../src/core/raft/reference.ts';
import { known } from '../../../src/core/model/known.ts';
import { member, membersOf, observation, raftOf, serverPod } from '../../support/observation.ts';

/** prod-0 leads at this index unless prod-1 does; how often each container was restarted in its pod. */
function peers(index: number, { restarts = [0, 0, 0], uid = 'pod-2', leader = 'prod-0' } = {}) {
  const pods = restarts.map((restartCount, ordinal) => {
    const pod = serverPod(ordinal, ordinal === 2 ? { uid } : {});
    const statuses = (pod.status?.containerStatuses ?? []).map((each) => ({ ...each, restartCount }));
    return { ...pod, status: { ...pod.status, containerStatuses: statuses } };
  });
  const members = [0, 1, 2].map((ordinal) =>
    member(ordinal, {
      leader,
      standby: `prod-${ordinal}` !== leader,
      lastIndex: index,
      podUID: ordinal === 2 ? uid : `pod-${ordinal}`,
    }),
  );
  const raft = known(raftOf(['prod-0', 'prod-1', 'prod-2'], { leader }));
  return peersOf(observation({ pods: known(pods), members: membersOf(...members), raft }), 3);
}

describe('the index that members have to apply', () => {
  const first = newReference({}, peers(100));

  it('is the last one of the leader, taken once', () => {
    expect(first?.referenceIndex).to.equal(100);
    expect(newReference(first ?? {}, peers(200))).to.equal(undefined);
  });

  for (const [name, later] of [
    ['a container was restarted in its pod', peers(200, { restarts: [0, 0, 1] })],
    ['a pod was made anew', peers(200, { uid: 'another' })],
    ['another member leads', peers(200, { leader: 'prod-1' })],
  ] as const) {
    it(`is taken anew when ${name}`, () => {
      const again = newReference(first ?? {}, later);
      expect(again?.referenceIndex).to.equal(200);
      expect(newReference(again ?? {}, later)).to.equal(undefined);
    });
  }

  it('is about the members that are asked about, and the leader', () => {
    const only = (of: ReturnType<typeof peers>) => of.expected.slice(2);
    const one = newReference({}, peers(100), only(peers(100)));
    const others = peers(200, { restarts: [0, 1, 0] });
    expect(newReference(one ?? {}, others, only(others))).to.equal(undefined);
    const its = peers(200, { restarts: [0, 0, 1] });
    expect(newReference(one ?? {}, its, only(its))?.referenceIndex).to.equal(200);
  });

  it('stays what it was while nobody is known to lead', () => {
    const nobody = peersOf(observation({ members: new Map() }), 3);
    expect(newReference(first ?? {}, nobody)).to.equal(undefined);
    expect(newReference({}, nobody)).to.equal(undefined);
  });
});
