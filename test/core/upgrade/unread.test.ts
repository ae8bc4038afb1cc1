import { expect } from 'chai';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { peersOf } from '../../../src/core/raft/peers.ts';
import { unreadBehind } from '../../../src/core/upgrade/unread.ts';
import { member, membersOf, observation, raftOf, serverPod } from '../../support/observation.ts';

const cause = 'prod-0: GET sys/leader: 200 with an answer of another shape';
const behind = (reason: string, given: Partial<Observation> = {}) => {
  const seen = observation({
    members: new Map([...membersOf(member(1), member(2)), ['prod-0', unknown(cause)] as const]),
    raft: unknown('no member leads'),
    ...given,
  });
  return unreadBehind({ peers: peersOf(seen, 3), observation: seen }, reason).map(
    ({ pod, of }) => `${pod} ${of}`,
  );
};

describe('the answers because of which something is waited for (V2)', () => {
  it('are those that are named', () => {
    expect(behind(`prod-0 did not answer: ${cause}`)).to.deep.equal(['prod-0 member']);
    expect(behind('prod-2 has not applied index 5 yet')).to.deep.equal([]);
  });

  it('are all that may be the leader, where nobody is known to lead, or to say who votes', () => {
    expect(behind('no leader is known: no member says that it leads')).to.deep.equal(['prod-0 member']);
    expect(behind('the Raft membership could not be read: no member leads')).to.deep.equal(['prod-0 member']);
  });

  it('are the leader of whom the membership could not be read', () => {
    const members = membersOf(member(0), member(1), member(2));
    const refused = 'prod-0: POST auth/jwt-operator/login: 403';
    const given = { members, raft: unknown(refused) };
    expect(behind(`the voters are not known: ${refused}`, given)).to.deep.equal(['prod-0 membership']);
    expect(behind('the voters', { members, raft: known(raftOf(['prod-0'])) })).to.deep.equal([]);
  });

  it('are of no pod that is not Ready, or is going: of it that is to be expected', () => {
    for (const given of [{ ready: false }, { terminating: true }]) {
      const pods = known([serverPod(0, given), serverPod(1), serverPod(2)]);
      expect(behind(`prod-0 did not answer: ${cause}`, { pods })).to.deep.equal([]);
    }
  });
});
