import { expect } from 'chai';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { decideDisks } from '../../../src/core/cluster/disks.ts';
import { isMixed } from '../../../src/core/cluster/mix.ts';
import { decideScale } from '../../../src/core/cluster/scale/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { areApart, mixOf } from '../../../src/core/raft/mix.ts';
import { wordsOf } from '../../support/notices.ts';
import {
  claim,
  context,
  emptyMember,
  member,
  membersOf,
  observation,
  serverPod,
  settledCluster,
  settledStatus,
} from '../../support/observation.ts';

// docs/facts/openbao-2.6-measured.md, section 2.

const old = '2.5.5';
const next = '2.6.2';
const running = (...versions: readonly (string | undefined)[]) =>
  new Map(
    versions.map((version, ordinal) => [
      `prod-${ordinal}`,
      version === undefined ? unknown('connection refused') : known(member(ordinal, { version })),
    ]),
  );

/** What a cluster with this status comes to when these versions answer. */
function seen(members: ReturnType<typeof running>, status = settledStatus()) {
  const { status: after, events } = decideCluster(
    observation({ cluster: settledCluster({}, status), members }),
    context(),
  );
  return {
    after,
    condition: after.conditions?.find(({ type }) => type === 'MixedVersions'),
    events: events.map(({ type, reason }) => `${type} ${reason}`).filter((each) => each.includes('Versions')),
  };
}

describe('a mix of versions across 2.6', () => {
  it('is one of a version before 2.6 and one from 2.6 on, prereleases included', () => {
    for (const [a, b] of [
      ['2.5.5', '2.6.0'],
      ['2.4.4', '2.7.0-dev'],
      ['2.6.0-beta20260601', '2.5.5'],
      ['1.15.0', '3.0.0'],
    ] as const) {
      expect(areApart(a, b), `${a} ${b}`).to.equal(true);
    }
    for (const [a, b] of [
      ['2.4.4', '2.5.5'],
      ['2.6.2', '2.7.0-dev'],
      ['2.6.2', 'unknown'],
    ] as const) {
      expect(areApart(a, b), `${a} ${b}`).to.equal(false);
    }
    expect(mixOf([member(0, { version: next }), member(1, { version: old })])).to.equal(
      'prod-1 (2.5.5) and prod-0 (2.6.2)',
    );
    expect(mixOf([member(0, { version: old }), member(1, { version: old })])).to.equal(undefined);
  });

  it('tells clients, by a condition and one Event, that writes may be redirected', () => {
    const first = seen(running(old, old, next));
    expect(first.events).to.deep.equal(['Warning VersionsMixed']);
    expect(first.condition).to.include({ status: 'True', reason: 'CannotForward' });
    expect(first.condition?.message).to.contain('prod-0 (2.5.5), prod-1 (2.5.5) and prod-2 (2.6.2)');
    expect(first.condition?.message).to.contain('307').and.to.contain('the Service prod-active');
    const second = seen(running(old, next, next), first.after);
    expect(second.events).to.deep.equal([]);
    expect(second.condition?.message).to.contain('prod-1 (2.6.2)');
  });

  it('lasts while a member does not say what it runs, and then ends with an Event', () => {
    const { after } = seen(running(old, old, next));
    const silent = seen(running(old, old, undefined), after);
    expect(silent.condition?.status).to.equal('True');
    expect(silent.events).to.deep.equal([]);
    const whole = seen(running(next, next, next), silent.after);
    expect(whole.condition).to.include({ status: 'False', reason: 'Alike' });
    expect(whole.events).to.deep.equal(['Normal VersionsAlike']);
    expect(seen(running(next, next, next), whole.after).events).to.deep.equal([]);
  });

  it('is not spoken of where there was none', () => {
    const { condition, events } = seen(running('2.4.4', old, old));
    expect(condition).to.equal(undefined);
    expect(events).to.deep.equal([]);
  });

  it('begins, for what must not be done in it, before the first pod of the other version answers', () => {
    const upgrade = { fromVersion: old, targetVersion: next, phase: 'Replacing' } as const;
    expect(isMixed({ ...settledStatus(), upgrade })).to.equal(true);
    expect(isMixed({ ...settledStatus(), upgrade: { ...upgrade, phase: 'PreChecks' } })).to.equal(false);
    expect(isMixed({ ...settledStatus(), upgrade: { ...upgrade, targetVersion: '2.5.6' } })).to.equal(false);
  });

  it('removes no member that lost its disk: under its id it votes, as a new one it never would', () => {
    const status = {
      ...seen(running(old, old, next)).after,
      members: [0, 1, 2].map((n) => ({ name: `prod-${n}`, claimUID: `claim-${n}` })),
    };
    const lost = (stored: typeof status) =>
      decideDisks(
        observation({
          cluster: settledCluster({}, stored),
          claims: known([claim(0), claim(1), claim(2, null, { uid: 'a-new-one' })]),
          pods: known([serverPod(0), serverPod(1), serverPod(2, { ready: false })]),
          members: membersOf(member(0), member(1), emptyMember(2)),
        }),
        stored,
        context(),
      );
    const { effects, notices } = lost(status);
    expect(effects).to.deep.equal([]);
    expect(wordsOf(notices?.[0])).to.contain('it would get no vote again');
    expect(lost({ ...status, conditions: [] }).effects).to.have.length(1);
  });

  it('lets no member join or leave', () => {
    const status = seen(running(old, old, next)).after;
    const cluster = settledCluster({ replicas: 5 }, status);
    const result = decideScale(observation({ cluster }), status, context());
    expect(result.status.scaling).to.equal(undefined);
    expect(result.notices?.map(({ reason }) => reason)).to.deep.equal(['VersionsMixed']);
  });
});
