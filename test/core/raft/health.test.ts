import { expect } from 'chai';
import type { Member, Observation } from '../../../src/core/model/observation.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  countedVoters,
  leaderIndex,
  stepDownCandidates,
  survivesLossOf,
  whyBehind,
  whyUnhealthy,
} from '../../../src/core/raft/health.ts';
import { peersOf, type Peers } from '../../../src/core/raft/peers.ts';
import {
  emptyMember,
  member,
  membersOf,
  observation,
  raftOf,
  serverPod,
  settledCluster,
} from '../../support/observation.ts';

/** `+` healthy, `-` pod not Ready, `s` sealed, `?` no answer, `n` no voter; prod-0 leads. */
function peers(pattern: string, given: Partial<Observation> = {}): Peers {
  const marks = [...pattern];
  const ids = marks.map((_, ordinal) => `prod-${ordinal}`);
  const members = marks.map((mark, ordinal) =>
    mark === 's' ? emptyMember(ordinal, { initialized: true }) : member(ordinal),
  );
  const answers = new Map(membersOf(...members));
  for (const [ordinal, mark] of marks.entries())
    if (mark === '?') answers.set(`prod-${ordinal}`, unknown('timed out'));
  return peersOf(
    observation({
      cluster: settledCluster({ replicas: marks.length }),
      pods: known(marks.map((mark, ordinal) => serverPod(ordinal, { ready: mark !== '-' }))),
      members: answers,
      raft: known(raftOf(ids, { nonVoters: ids.filter((_, ordinal) => marks[ordinal] === 'n') })),
      ...given,
    }),
    marks.length,
  );
}

const healthy = (pattern: string) => countedVoters(peers(pattern)).map(({ ordinal }) => ordinal);

describe('healthy voters', () => {
  for (const [pattern, expected] of [
    ['+++', [0, 1, 2]],
    ['+-+', [0, 2]],
    ['++s', [0, 1]],
    ['+?+', [0, 2]],
    ['++n', [0, 1]],
    // Two of five are a leader's word against a quorum: nobody leads.
    ['+???+', []],
  ] as const) {
    it(`of ${pattern} are ${expected.join() || 'none'}`, () => {
      expect(healthy(pattern)).to.deep.equal(expected);
    });
  }

  it('are none where the membership could not be read', () => {
    expect(countedVoters(peers('+++', { raft: unknown('403') }))).to.deep.equal([]);
  });

  it('are not judged by what an earlier pod of the name has said', () => {
    const later = known([serverPod(0), serverPod(1, { uid: 'another' }), serverPod(2)]);
    const [, one] = peers('+++', { pods: later }).expected;
    expect(one?.member).to.deep.include({ kind: 'unknown' });
  });

  it('say why they are not', () => {
    const seen = peers('+-+');
    expect(seen.expected.map((peer) => whyUnhealthy(peer, seen))).to.deep.equal([
      undefined,
      'prod-1 is not Ready',
      undefined,
    ]);
  });

  it('are none while members belong to two clusters', () => {
    const stranger = member(2, { clusterId: 'another', leader: 'prod-2', standby: false });
    const seen = peers('+++', { members: membersOf(member(0), member(1), stranger) });
    expect([...seen.clusterIds.keys()]).to.have.length(2);
    expect(countedVoters(seen)).to.deep.equal([]);
  });

  it('are none of a cluster that is not the recorded one', () => {
    const seen = peersOf(observation(), 3, 'recorded');
    expect(countedVoters(seen)).to.deep.equal([]);
  });
});

describe('the loss of a pod', () => {
  /** Every health pattern of up to seven voters, against the definition. */
  it('is survived exactly while the other healthy voters are more than half of all', () => {
    for (let size = 1; size <= 7; size++) {
      for (let bits = 0; bits < 2 ** size; bits++) {
        // prod-0 leads, so it is healthy.
        const pattern = Array.from({ length: size }, (_, ordinal) =>
          ordinal === 0 || bits & (1 << ordinal) ? '+' : '-',
        );
        const seen = peers(pattern.join(''));
        const up = pattern.filter((mark) => mark === '+').length;
        const others = pattern[size - 1] === '+' ? up - 1 : up;
        expect(survivesLossOf(seen, `prod-${size - 1}`), pattern.join('')).to.equal(2 * others > size);
      }
    }
  });

  it('counts what Raft counts, not spec.replicas: a dead voter left behind still votes', () => {
    const raft = known(raftOf(['prod-0', 'prod-1', 'prod-2', 'prod-3', 'prod-4']));
    expect(survivesLossOf(peers('+++', { raft }), 'prod-2')).to.equal(false);
  });

  it('is not survived where the voters are not known', () => {
    expect(survivesLossOf(peers('+++', { raft: unknown('timed out') }), 'prod-2')).to.equal(false);
  });
});

describe('a leader', () => {
  const leaderOf = (...members: readonly Member[]) => peers('+++', { members: membersOf(...members) }).leader;

  it('is who says so of itself and whom a quorum follows', () => {
    expect(leaderOf(member(0), member(1), member(2))).to.deep.equal(known('prod-0'));
  });

  it('is unknown while two say so', () => {
    const { kind } = leaderOf(member(0), member(1, { standby: false, leader: 'prod-1' }), member(2));
    expect(kind).to.equal('unknown');
  });

  it('is unknown in the time after a crash, when the others still name the dead one', () => {
    const { kind } = leaderOf(member(1), member(2));
    expect(kind).to.equal('unknown');
  });

  it('is unknown while only a minority follows: it may be cut off', () => {
    const { kind } = leaderOf(member(0), member(1, { leader: 'prod-2' }), member(2, { leader: 'prod-1' }));
    expect(kind).to.equal('unknown');
  });

  it('is unknown when the membership comes from somebody else', () => {
    const raft = known(raftOf(['prod-0', 'prod-1', 'prod-2'], { leader: 'prod-1' }));
    expect(peers('+++', { raft }).leader.kind).to.equal('unknown');
  });
});

describe('catching up', () => {
  const [, one] = peers('+++', {
    members: membersOf(
      member(0, { lastIndex: 200, appliedIndex: 200 }),
      member(1, { appliedIndex: 150 }),
      member(2),
    ),
  }).expected;

  it('is reached at the index that was taken once', () => {
    if (one === undefined) throw new Error('no peer');
    expect(whyBehind(one, 150)).to.equal(undefined);
    expect(whyBehind(one, 151)).to.equal('prod-1 has not applied index 151 yet');
  });

  it('is not reached where the index is not known', () => {
    if (one === undefined) throw new Error('no peer');
    expect(whyBehind(one, undefined)).to.be.a('string');
  });

  it('takes the index from the leader itself', () => {
    expect(leaderIndex(peers('+++'))).to.equal(100);
    expect(leaderIndex(peers('???'))).to.equal(undefined);
  });

  it('decides who may take over', () => {
    const seen = peers('++++-', {
      members: membersOf(member(0), member(1, { appliedIndex: 99 }), member(2), member(3), member(4)),
    });
    expect(stepDownCandidates(seen, 'prod-0', 100).map(({ name }) => name)).to.deep.equal([
      'prod-2',
      'prod-3',
    ]);
  });
});

describe('a member that was not asked', () => {
  const wordsOn = (pod: ReturnType<typeof serverPod>) =>
    peers('+++', {
      members: membersOf(member(0), member(2)),
      pods: known([serverPod(0), pod, serverPod(2)]),
    }).expected.find(({ name }) => name === 'prod-1')?.member;

  it('has no address where its server does not run', () => {
    const starting = serverPod(1, { waiting: 'ContainerCreating' });
    expect(wordsOn(starting)).to.include({ cause: 'it has no address yet' });
  });

  it('is told to belong to no StatefulSet where it runs, as after one was deleted without its pods', () => {
    const cause = 'it is not asked, for no StatefulSet of this cluster controls its pod';
    expect(wordsOn(serverPod(1))).to.include({ cause });
  });
});
