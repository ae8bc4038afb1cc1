import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  nextEnlargement,
  nextForward,
  nextHandOver,
  nextPromotion,
  nextRemoval,
  nextRepair,
  type Membership,
  type VoteTransfer,
  type SwapStep,
} from '../../../src/core/raft/membership-change.ts';
import { SimulatedRaft } from './simulated-raft.ts';
import { sized } from '../../support/walks.ts';

const blueOf = (size: number) => Array.from({ length: size }, (_, ordinal) => `prod-${ordinal}`);
// The longer name is a prefix's trap: prod-1 is no part of prod-1b8e-0 (docs/facts/openbao-operator.md, 7.1, 5).
const greenOf = (size: number) => Array.from({ length: size }, (_, ordinal) => `prod-1b8e-${ordinal}`);

const forward = (size: number): VoteTransfer => ({ to: greenOf(size), from: blueOf(size) });
const back = (size: number): VoteTransfer => ({ to: blueOf(size), from: greenOf(size) });

type Next = (membership: Membership, sides: VoteTransfer) => SwapStep;

const fresh = (size: number) => new SimulatedRaft(blueOf(size), greenOf(size));

const membershipOf = (raft: SimulatedRaft): Membership =>
  raft.membership() ?? expect.fail(`nobody leads: ${stateOf(raft)}`);

/** `B0 b1 b2* G0`: voters in capitals, flagged ones with a star, the leader with a plus. */
const stateOf = ({ servers, flagged, leader }: SimulatedRaft): string =>
  [...servers]
    .map(([id, { voter, up }]) => {
      const name = shortened(id);
      const marks = `${flagged.has(id) ? '*' : ''}${leader === id ? '+' : ''}${up ? '' : '?'}`;
      return `${voter ? name.toUpperCase() : name}${marks}`;
    })
    .join(' ');

/** What the leader says in the state of these words, which `stateOf` tells; a question mark is an answer that is missing. */
function membershipIn(state: string): Membership {
  const servers = state.split(' ').map((word) => {
    const [, side = '', ordinal = '', marks = ''] = /^([bg])(\d)(\D*)$/i.exec(word) ?? [];
    const id = `${side.toLowerCase() === 'b' ? 'prod' : 'prod-1b8e'}-${ordinal}`;
    return { id, voter: side !== side.toLowerCase(), leader: marks.includes('+'), marks };
  });
  const marked = (mark: string) => servers.filter(({ marks }) => marks.includes(mark)).map(({ id }) => id);
  return {
    servers,
    flagged: new Set(marked('*')),
    problems: new Map(marked('?').map((id) => [id, `${id} did not answer`])),
  };
}

const shortened = (id: string) => (id.includes('1b8e') ? 'g' : 'b') + (id.split('-').at(-1) ?? '');

const told = (step: SwapStep) =>
  step.kind === 'blocked' ? step.reason : 'id' in step ? `${step.kind} ${shortened(step.id)}` : step.kind;

/** Carries out one step, and waits for autopilot. */
function act(raft: SimulatedRaft, step: SwapStep): void {
  if (step.kind === 'promote') raft.promote(step.id);
  if (step.kind === 'demote') raft.demote(step.id);
  if (step.kind === 'remove') raft.removePeer(step.id);
  if (step.kind === 'step-down') raft.stepDown();
}

/** Walks to the end, autopilot following each step. */
function walk(raft: SimulatedRaft, next: Next, sides: VoteTransfer): readonly string[] {
  const steps: string[] = [];
  for (let count = 0; count < 40; count++) {
    const step = next(membershipOf(raft), sides);
    if (step.kind === 'done') return steps;
    steps.push(told(step));
    if (step.kind === 'blocked') return steps;
    act(raft, step);
    raft.reconcile();
  }
  return expect.fail(`it does not end: ${steps.join(', ')}`);
}

describe('the swap of voters', () => {
  it('takes turns, and leaves the leader as the only one of the old side', () => {
    const raft = fresh(3);
    expect(walk(raft, nextPromotion, forward(3))).to.deep.equal([
      'promote g0',
      'demote b2',
      'promote g1',
      'demote b1',
      'promote g2',
    ]);
    expect(stateOf(raft)).to.equal('B0+ b1* b2* G0 G1 G2');
    expect(walk(raft, nextHandOver, forward(3))).to.deep.equal(['demote b0', 'step-down b0']);
    expect(stateOf(raft)).to.equal('b0* b1* b2* G0+ G1 G2');
  });

  for (const size of [1, 5]) {
    it(`has ${2 * size} changes and one step-down for ${size} members`, () => {
      const raft = fresh(size);
      const steps = [...walk(raft, nextPromotion, forward(size)), ...walk(raft, nextHandOver, forward(size))];
      expect(steps).to.have.length(2 * size + 1);
      expect(raft.voters).to.deep.equal(greenOf(size));
      expect(raft.leader).to.equal('prod-1b8e-0');
    });
  }

  it('goes back by promoting all of blue first, then demoting green, its leader last', () => {
    const raft = fresh(3);
    walk(raft, nextPromotion, forward(3));
    walk(raft, nextHandOver, forward(3));
    expect(walk(raft, nextRepair, back(3))).to.deep.equal([
      'promote b0',
      'promote b1',
      'promote b2',
      'demote g2',
      'demote g1',
      'demote g0',
      'step-down g0',
    ]);
    expect(stateOf(raft)).to.equal('B0+ B1 B2 g0* g1* g2*');
  });

  it('goes back without a step-down while a blue leads', () => {
    const raft = fresh(3);
    walk(raft, nextPromotion, forward(3));
    expect(walk(raft, nextRepair, back(3))).to.deep.equal([
      'promote b1',
      'promote b2',
      'demote g2',
      'demote g1',
      'demote g0',
    ]);
  });

  it('takes back the recorded demotion of the leader', () => {
    const raft = fresh(3);
    walk(raft, nextPromotion, forward(3));
    raft.demote('prod-0');
    expect(walk(raft, nextRepair, back(3))[0]).to.equal('promote b0');
  });

  it('goes back past a blue that does not answer, and demotes an unhealthy green first', () => {
    const raft = fresh(3);
    walk(raft, nextPromotion, forward(3));
    walk(raft, nextHandOver, forward(3));
    raft.kill('prod-2');
    raft.kill('prod-1b8e-1');
    expect(walk(raft, nextRepair, back(3))).to.deep.equal([
      'promote b0',
      'promote b1',
      'promote b2',
      'demote g1',
      'demote g2',
      'demote g0',
      'step-down g0',
    ]);
    expect(stateOf(raft)).to.equal('B0+ B1 b2? g0* g1*? g2*');
  });

  it('demotes an old voter that failed on the way first', () => {
    const raft = fresh(3);
    act(raft, { kind: 'promote', id: 'prod-1b8e-0' });
    raft.reconcile();
    raft.kill('prod-1');
    expect(told(nextPromotion(membershipOf(raft), forward(3)))).to.equal('demote b1');
  });

  it('takes out the non-voters of one side alone, one by one', () => {
    const raft = fresh(3);
    walk(raft, nextPromotion, forward(3));
    walk(raft, nextHandOver, forward(3));
    expect(walk(raft, (seen) => nextRemoval(seen, blueOf(3)), forward(3))).to.deep.equal([
      'remove b0',
      'remove b1',
      'remove b2',
    ]);
    expect([...raft.servers.keys()]).to.deep.equal(greenOf(3));
  });
});

describe('an enlargement', () => {
  it('gives all of green votes beside all of blue, one at a time', () => {
    const raft = fresh(3);
    expect(walk(raft, nextEnlargement, forward(3))).to.deep.equal(['promote g0', 'promote g1', 'promote g2']);
    expect(raft.voters).to.have.length(6);
    // Then blue stops voting as after any promotion.
    expect(walk(raft, nextForward, forward(3)).slice(0, 2)).to.deep.equal(['demote b2', 'demote b1']);
  });

  it('goes on from a promotion that was recorded before, and waits for whoever does not answer or is no member', () => {
    expect(told(nextEnlargement(membershipIn('B0+ B1 B2 g0* g1 g2*'), forward(3)))).to.equal('promote g1');
    expect(told(nextEnlargement(membershipIn('B0+ B1 B2? G0 g1* g2*'), forward(3)))).to.contain(
      'did not answer',
    );
    expect(told(nextEnlargement(membershipIn('B0+ B1 B2 G0 g1*'), forward(3)))).to.contain('is not a member');
  });
});

describe('the swap of voters stops', () => {
  const refuses = (title: string, prepare: (raft: SimulatedRaft) => SwapStep, reason: string) => {
    it(title, () => {
      expect(prepare(fresh(3))).to.deep.equal({ kind: 'blocked', reason });
    });
  };

  refuses(
    'at a member of neither side',
    (raft) => {
      raft.join('prod-1b8e-10');
      return nextPromotion(membershipOf(raft), forward(3));
    },
    'prod-1b8e-10 is a member, but of neither side',
  );
  refuses(
    'at a green that is not a member, which OpenBao would store',
    (raft) => {
      raft.removePeer('prod-1b8e-2');
      return nextPromotion(membershipOf(raft), forward(3));
    },
    'prod-1b8e-2 is not a member',
  );
  refuses(
    'at a green that fails',
    (raft) => {
      raft.kill('prod-1b8e-2');
      return nextPromotion(membershipOf(raft), forward(3));
    },
    'prod-1b8e-2 did not answer',
  );
  refuses(
    'before it begins, at an unhealthy voter',
    (raft) => {
      raft.kill('prod-1');
      return nextPromotion(membershipOf(raft), forward(3));
    },
    'prod-1 did not answer',
  );
  refuses(
    'before the hand-over, at a green that does not vote',
    (raft) => nextHandOver(membershipOf(raft), forward(3)),
    'prod-1b8e-0, prod-1b8e-1, prod-1b8e-2 does not vote yet',
  );
  refuses(
    'on the way back, when too few blues are left (openbao-operator.md, 7.1, 4)',
    (raft) => {
      walk(raft, nextPromotion, forward(3));
      walk(raft, nextHandOver, forward(3));
      raft.kill('prod-0');
      raft.removePeer('prod-2');
      return nextRepair(membershipOf(raft), back(3));
    },
    '1 of 3 are healthy members, quorum is 2: prod-0 did not answer, prod-2 is not a member',
  );
  refuses(
    'at a removal of the side that votes (openbao-operator.md, 7.1, 1)',
    (raft) => nextRemoval(membershipOf(raft), blueOf(3)),
    'prod-0 leads, prod-1 still votes, prod-2 still votes',
  );
  refuses(
    'at the removal of a half of which one votes again',
    () => nextRemoval(membershipIn('b0* b1* B2 G0+ G1 G2'), blueOf(3)),
    'prod-2 still votes',
  );
  refuses(
    'at the removal of a half whose last voter leads',
    () => nextRemoval(membershipIn('B0+ b1* b2* G0 G1 G2'), blueOf(3)),
    'prod-0 leads',
  );
  refuses(
    'at sides that overlap',
    (raft) => nextPromotion(membershipOf(raft), { to: greenOf(3), from: greenOf(3) }),
    'prod-1b8e-0, prod-1b8e-1, prod-1b8e-2 is on both sides',
  );
  refuses(
    'at an unread flag of the leader',
    (raft) => {
      walk(raft, nextPromotion, forward(3));
      const { servers } = membershipOf(raft);
      return nextHandOver({ servers }, forward(3));
    },
    'whether prod-0 is to stop voting is not known',
  );
});

describe('a demotion', () => {
  const cases: readonly (readonly [
    title: string,
    next: Next,
    sides: VoteTransfer,
    state: string,
    says: string,
  ])[] = [
    [
      'waits where no failure would be survivable any more',
      nextPromotion,
      forward(3),
      'B0+ B1 B2* g0* g1* g2*',
      'without prod-2 2 of 2 voters would be healthy, quorum is 2',
    ],
    [
      'takes who is on the way out for no spare voter',
      nextPromotion,
      forward(3),
      'B0+ B1* B2* G0 g1* g2*',
      'without prod-2 and prod-1 2 of 2 voters would be healthy, quorum is 2',
    ],
    [
      'counts who is on the way out and fails, for it has its vote still',
      nextPromotion,
      forward(3),
      'B0+ B1*? B2* G0 G1 g2*',
      'without prod-2 3 of 4 voters would be healthy, quorum is 3',
    ],
    [
      'goes on where no failure was survivable before, if the quorum stays',
      nextPromotion,
      forward(3),
      'B0+ B1? B2? G0 G1 g2*',
      'demote b2',
    ],
    [
      'needs one failure to be survivable, of five members too',
      nextPromotion,
      forward(5),
      'B0+ B1 B2 B3 B4* g0* g1* g2* g3* g4*',
      'demote b4',
    ],
    [
      'waits where fewer than a quorum are well, though it loses no more by it',
      nextRepair,
      back(3),
      'B0+ B1 B2? G0? G1? g2*',
      'without prod-1b8e-1 2 of 4 voters would be healthy, quorum is 3',
    ],
  ];
  for (const [title, next, sides, state, says] of cases) {
    it(`${title}: ${state}`, () => {
      expect(told(next(membershipIn(state), sides))).to.equal(says);
    });
  }
});

describe('from every half-way state the swap of voters', () => {
  const sizes = fc.constantFrom(1, 3, 5);
  // Half-way: some steps forward; a crash lets autopilot act or not, and leadership may move in between.
  const happening = fc.record({
    reconciles: fc.boolean(),
    leader: fc.option(fc.nat(9), { nil: undefined }),
    repeated: fc.boolean(),
  });

  /** Carries out the next step beside what happens, and judges where that leads. */
  function advance(
    raft: SimulatedRaft,
    size: number,
    { next, sides }: { next: Next; sides: VoteTransfer },
    { reconciles, leader, repeated }: { reconciles: boolean; leader?: number | undefined; repeated: boolean },
  ): SwapStep {
    const step = next(membershipOf(raft), sides);
    if ('id' in step) expect([...sides.to, ...sides.from]).to.include(step.id);
    // Nothing flagged is left behind when it steps down: the leader alone is.
    const { flagged } = raft;
    if (step.kind === 'step-down') {
      const rest = raft.voters.filter((id) => id !== step.id);
      expect(rest, stateOf(raft)).to.have.members(sides.to);
      expect(rest.filter((id) => flagged.has(id))).to.deep.equal([]);
    }
    act(raft, step);
    if (repeated) act(raft, step.kind === 'step-down' ? { kind: 'done' } : step);
    if (reconciles) raft.reconcile();
    if (leader !== undefined) raft.elect(raft.voters[leader % raft.voters.length]);
    judge(raft, size);
    return step;
  }

  function judge(raft: SimulatedRaft, size: number): void {
    expect(raft.voters.length, stateOf(raft)).to.be.within(size, 2 * size);
    // The loss of any single voter leaves a quorum.
    const spare = raft.votersUp.length - 1 >= Math.floor(raft.voters.length / 2) + 1;
    if (size >= 3) expect(spare, stateOf(raft)).to.equal(true);
    expect(raft.hasQuorum, stateOf(raft)).to.equal(true);
  }

  function finish(raft: SimulatedRaft, size: number, path: { next: Next; sides: VoteTransfer }): void {
    for (let count = 0; count < 8 * size + 8; count++) {
      const step = advance(raft, size, path, { reconciles: true, repeated: false });
      if (step.kind === 'blocked') expect.fail(`${step.reason}: ${stateOf(raft)}`);
      if (step.kind !== 'done') continue;
      expect(raft.voters).to.have.members(path.sides.to);
      expect(path.sides.to).to.include(raft.leader);
      // Autopilot has nothing left to do either: nobody comes back by itself.
      const before = stateOf(raft);
      raft.reconcile();
      expect(stateOf(raft)).to.equal(before);
      expect([...raft.flagged]).to.have.members(path.sides.from);
      return;
    }
    expect.fail(`it does not end: ${stateOf(raft)}`);
  }

  const walked = fc.tuple(sizes, fc.array(happening, { maxLength: 30 }));

  it('ends nextForward, with one failure survivable at each step', () => {
    fc.assert(
      fc.property(walked, ([size, happenings]) => {
        const raft = fresh(size);
        const path = { next: nextForward, sides: forward(size) };
        for (const each of happenings) advance(raft, size, path, each);
        finish(raft, size, path);
      }),
      { numRuns: sized(1000, 200) },
    );
  });

  it('ends where it came from, with one failure survivable at each step', () => {
    fc.assert(
      fc.property(walked, walked, ([size, happenings], [, more]) => {
        const raft = fresh(size);
        for (const each of happenings) advance(raft, size, { next: nextForward, sides: forward(size) }, each);
        const path = { next: nextRepair, sides: back(size) };
        for (const each of more) advance(raft, size, path, each);
        finish(raft, size, path);
      }),
      { numRuns: sized(1000, 200) },
    );
  });

  it('keeps the quorum and ends, or says why not, whoever fails', () => {
    fc.assert(
      fc.property(walked, fc.boolean(), fc.nat(9), fc.nat(30), ([size, happenings], goesBack, who, when) => {
        const raft = fresh(size);
        const path = goesBack
          ? { next: nextRepair, sides: back(size) }
          : { next: nextForward, sides: forward(size) };
        for (const [at, { reconciles }] of happenings.entries()) {
          if (at === when) raft.kill([...raft.servers.keys()][who % (2 * size)] ?? '');
          if (raft.leader === undefined) raft.elect();
          const seen = raft.membership();
          // Of a single voter nothing is survivable; of two both are needed.
          if (seen === undefined) {
            expect(size, stateOf(raft)).to.equal(1);
            return;
          }
          // The first steps go forward in any case, so that there is a way back.
          const step = at < 12 ? nextForward(seen, forward(size)) : path.next(seen, path.sides);
          const leadsLast = step.kind === 'step-down' && size > 1;
          act(raft, step);
          if (leadsLast) expect(raft.leader, stateOf(raft)).not.to.equal(undefined);
          if (reconciles) raft.reconcile();
          if (size > 1) expect(raft.hasQuorum, `${told(step)}: ${stateOf(raft)}`).to.equal(true);
        }
      }),
      { numRuns: sized(2000, 200) },
    );
  });
});
