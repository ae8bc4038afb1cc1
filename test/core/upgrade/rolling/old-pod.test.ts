import { expect } from 'chai';
import { known } from '../../../../src/core/model/known.ts';
import type { Observation } from '../../../../src/core/model/observation.ts';
import { replaceOld } from '../../../../src/core/upgrade/rolling/old-pod.ts';
import { peersOf } from '../../../../src/core/raft/peers.ts';
import {
  claim,
  clusterId,
  disruptionBudget,
  member,
  membersOf,
  observation,
  serverPod,
} from '../../../support/observation.ts';

/** What becomes of prod-2, a pod of the old template, which is broken unless it is Ready. */
function replaced(seen: Partial<Observation> = {}, ready = false) {
  const pod = serverPod(2, { ready });
  const observed = observation({
    pods: known([serverPod(0), serverPod(1), pod]),
    members: membersOf(member(0), member(1)),
    ...seen,
  });
  const peers = peersOf(observed, 3, clusterId);
  const [, , peer] = peers.expected;
  if (peer === undefined) throw new Error('there is no prod-2');
  return replaceOld({ observation: observed, peers }, peer, pod, 'why');
}

const going = (ordinal: number) =>
  known([0, 1, 2].map((each) => claim(each, '2.5.5', each === ordinal ? { deletionTimestamp: 'now' } : {})));

describe('a pod of an older template that the StatefulSet controller may leave for ever', () => {
  it('is deleted, as it was seen, as long as the others stay as they were', () => {
    const { reason, effects = [], events = [] } = replaced();
    expect(reason).to.equal('prod-2, which is broken, to be recreated');
    expect(effects).to.have.length(1);
    expect(effects[0]).to.include({ kind: 'delete', uid: 'pod-2', resourceVersion: '1' });
    const { reservation } = effects[0] as { readonly reservation?: { readonly staying: readonly object[] } };
    expect(reservation?.staying).to.deep.equal([
      { name: 'prod-0', uid: 'pod-0' },
      { name: 'prod-1', uid: 'pod-1' },
    ]);
    expect(events.map(({ note }) => note)).to.deep.equal(['why']);
  });

  for (const [what, seen, words] of [
    [
      'while its own volume is being deleted, which would end with it (L3)',
      { claims: going(2) },
      'the volume of prod-2 is being deleted',
    ],
    [
      "while another one's is, which is no safe place for what it holds (L3)",
      { claims: going(1) },
      'the volume of prod-1 is being deleted',
    ],
    [
      'while another one could still be evicted (C3)',
      { disruptionBudget: known(disruptionBudget({ maxUnavailable: 1 })) },
      'still lets a member be evicted',
    ],
    [
      'while an eviction of before is on its way (C3)',
      { disruptionBudget: known(disruptionBudget({ disrupted: ['prod-0'] })) },
      'the eviction of prod-0 was let through before',
    ],
    ['while it is not known who leads', { members: membersOf(member(0)) }, 'no leader is known'],
  ] as const) {
    it(`is not ${what}`, () => {
      const { reason, effects } = replaced(seen);
      expect(reason).to.contain('prod-2 is to be replaced, but').and.contain(words);
      expect(effects).to.equal(undefined);
    });
  }

  it('is left to the StatefulSet controller where it is Ready', () => {
    expect(replaced({}, true)).to.deep.equal({ reason: 'the StatefulSet controller to replace prod-2' });
  });
});
