import { expect } from 'chai';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import type { Member, RaftConfiguration } from '../../../src/core/model/observation.ts';
import { activeMember, leaderAmong, leaderOf, markedLeader } from '../../../src/core/raft/leader.ts';

const follower = (pod: string, more: Partial<Member> = {}): Member => ({
  pod,
  podUID: '',
  initialized: true,
  sealed: false,
  standby: true,
  version: '2.5.5',
  clusterId: 'c',
  leader: 'prod-0',
  ...more,
});
const leader = (pod: string): Member => follower(pod, { standby: false, leader: pod });
/** Active by sys/health; sys/leader does not name it yet. */
const elected = (pod: string): Member => follower(pod, { standby: false, leader: 'prod-9' });

const among = (...members: readonly Member[]) =>
  leaderAmong(new Map(members.map((member): [string, Known<Member>] => [member.pod, known(member)])));
const raft = (readFrom: string, voters: readonly string[]): Known<RaftConfiguration> =>
  known({
    readFrom,
    servers: voters.map((id) => ({ id, address: '', voter: true, leader: id === readFrom })),
  });

describe('the active member', () => {
  it('is the one that sys/health says is active, whoever it names', () => {
    expect(activeMember([leader('prod-0'), follower('prod-1')])?.pod).to.equal('prod-0');
    expect(activeMember([elected('prod-1'), follower('prod-0')])?.pod).to.equal('prod-1');
  });

  it('is nobody while two are, one is sealed, or all stand by', () => {
    expect(activeMember([leader('prod-0'), leader('prod-1')])).to.equal(undefined);
    expect(activeMember([{ ...leader('prod-0'), sealed: true }])).to.equal(undefined);
    expect(activeMember([follower('prod-1')])).to.equal(undefined);
  });
});

describe('the leader among members that were asked', () => {
  it('is the one that names itself', () => {
    expect(among(leader('prod-0'), follower('prod-1'))).to.deep.equal(known(leader('prod-0')));
  });

  it('is not known while nobody or two do, and each is said', () => {
    const sealed = follower('prod-2', { sealed: true });
    expect(among(elected('prod-0'), follower('prod-1'), sealed)).to.deep.equal(
      unknown('no member leads (prod-0 is a standby, prod-1 is a standby, prod-2 is sealed)'),
    );
    const steppedDown = { ...leader('prod-0'), standby: true };
    expect(among(steppedDown, follower('prod-1')).kind).to.equal('unknown');
    expect(among(leader('prod-0'), leader('prod-1'))).to.deep.equal(
      unknown('prod-0 and prod-1 both say that they lead'),
    );
    expect(leaderAmong(new Map([['prod-0', unknown('hangs')]]))).to.deep.equal(
      unknown('no member leads (prod-0 did not answer)'),
    );
  });
});

describe('the leader that a decision goes by', () => {
  const voters = ['prod-0', 'prod-1', 'prod-2'];
  const two = [leader('prod-0'), follower('prod-1')];

  it('has a quorum of the voters, itself included', () => {
    expect(leaderOf(two, raft('prod-0', voters))).to.deep.equal(known('prod-0'));
    expect(leaderOf([leader('prod-0')], raft('prod-0', voters)).kind).to.equal('unknown');
    const stray = [leader('prod-0'), follower('prod-1', { leader: 'prod-2' })];
    expect(leaderOf(stray, raft('prod-0', voters)).kind).to.equal('unknown');
  });

  it('is a voter, and the member from which the membership was read', () => {
    expect(leaderOf(two, raft('prod-1', voters)).kind).to.equal('unknown');
    expect(leaderOf(two, raft('prod-0', ['prod-1'])).kind).to.equal('unknown');
    expect(leaderOf(two, unknown('no answer'))).to.deep.equal(
      unknown('the membership could not be read: no answer'),
    );
  });

  it('is more than whom a membership marks', () => {
    const marked = raft('prod-1', voters);
    expect(marked.kind === 'known' && markedLeader(marked.value.servers)).to.equal('prod-1');
    expect(leaderOf(two, marked).kind).to.equal('unknown');
  });
});
