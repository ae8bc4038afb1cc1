import { expect } from 'chai';
import type { Member } from '../../../src/core/model/observation.ts';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import { transferCandidates } from '../../../src/core/raft/leadership-transfer.ts';

const member = (pod: string, more: Partial<Member> = {}): Member => ({
  pod,
  podUID: '',
  initialized: true,
  sealed: false,
  standby: true,
  version: '2.5.5',
  clusterId: 'c',
  leader: 'prod-0',
  lastIndex: 100,
  appliedIndex: 100,
  ...more,
});
const leader = member('prod-0', { standby: false });

/** What comes of it when the others are as given; unnamed voters do not answer. */
function succession(others: Readonly<Record<string, Partial<Member>>>, voters: number, index?: number) {
  const ids = Array.from({ length: voters }, (_, ordinal) => `prod-${ordinal}`);
  const members = new Map<string, Known<Member>>(ids.map((id) => [id, unknown('hangs')]));
  members.set('prod-0', known(leader));
  for (const [id, more] of Object.entries(others)) members.set(id, known(member(id, more)));
  return transferCandidates(ids, leader, members, index ?? 100);
}
const missing = (...given: Parameters<typeof succession>) => {
  const seen = succession(...given);
  return seen.kind === 'unknown' ? seen.cause : '';
};

describe('who may take over from a leader', () => {
  it('is every other voter that follows it and has caught up', () => {
    expect(succession({ 'prod-1': {}, 'prod-2': {} }, 3)).to.deep.equal({
      kind: 'known',
      value: { leader: 'prod-0', candidates: ['prod-1', 'prod-2'] },
    });
    expect(succession({ 'prod-1': { appliedIndex: 99 }, 'prod-2': {} }, 3)).to.deep.equal({
      kind: 'known',
      value: { leader: 'prod-0', candidates: ['prod-2'] },
    });
  });

  // docs/facts/openbao-measured.md, 0.3: 429 and autopilot's healthy do not mean caught up.
  it('is nobody who lags, or does not say what it has applied', () => {
    expect(missing({ 'prod-1': { appliedIndex: 99 } }, 3)).to.equal(
      'no other voter has caught up: prod-1 has applied 99 of 100, prod-2 did not answer',
    );
    const { appliedIndex: _, ...silent } = member('prod-1');
    const members = new Map([['prod-1', known(silent)]]);
    const seen = transferCandidates(['prod-0', 'prod-1'], leader, members, 100);
    expect(seen).to.deep.equal(unknown('no other voter has caught up: prod-1 has applied nothing of 100'));
  });

  it('is nobody who is sealed, new, in another cluster or follows another leader', () => {
    const problems: readonly (readonly [Partial<Member>, string])[] = [
      [{ sealed: true }, 'prod-1 is sealed'],
      [{ initialized: false }, 'prod-1 is not initialized'],
      [{ clusterId: 'other' }, 'prod-1 is in another cluster'],
      [{ leader: 'prod-2' }, 'prod-1 follows prod-2'],
    ];
    for (const [state, problem] of problems) {
      expect(missing({ 'prod-1': state }, 2)).to.equal(`0 of 1 other voters follow it: ${problem}`);
    }
  });

  it('is nobody when the votes would not suffice', () => {
    expect(missing({ 'prod-1': {} }, 5)).to.contain('1 of 4 other voters follow it: prod-2 did not answer');
    expect(succession({ 'prod-1': {}, 'prod-2': {} }, 5)).to.have.property('kind', 'known');
  });

  // docs/facts/openbao-operator.md, 7.1, 13.
  it('is nobody in a cluster of one', () => {
    expect(missing({}, 1)).to.equal('there is no other voter');
  });

  it('is nobody while the leader does not say how long its log is', () => {
    const members = new Map([['prod-1', known(member('prod-1'))]]);
    const seen = transferCandidates(['prod-0', 'prod-1'], leader, members, undefined);
    expect(seen).to.deep.equal(unknown('prod-0 does not say how long its log is'));
  });

  it('is nobody when the leader is no voter', () => {
    const members = new Map([['prod-1', known(member('prod-1'))]]);
    const seen = transferCandidates(['prod-1'], leader, members, 100);
    expect(seen).to.deep.equal(unknown('prod-0 leads, but is not a voter'));
  });
});
