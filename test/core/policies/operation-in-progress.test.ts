import { expect } from 'chai';
import * as fc from 'fast-check';
import type { OpenBaoClusterSpec, OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { unknown } from '../../../src/core/model/known.ts';
import { verbsNeeded } from '../../../src/core/policies/cluster-permission-required.ts';
import { operationInProgress } from '../../../src/core/policies/operation-in-progress.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, textOf, update } from '../../support/builders.ts';

type BlueGreen = NonNullable<OpenBaoClusterStatus['blueGreen']>;
type Phase = NonNullable<BlueGreen['phase']>;

const free: readonly Phase[] = ['Idle', 'DeployingGreen', 'JoiningMesh', 'Syncing'];
const pinned: readonly Phase[] = [
  'Promoting',
  'DemotingBlue',
  'Cleanup',
  'RollingBack',
  'RollbackCleanup',
  'RestoringReadReplicas' as Phase,
];
const refused = ['OperationInProgress'];

/** From 2.4.4 to 2.5.5, in this phase. */
const upgrading = (phase: Phase, rest: BlueGreen = {}, spec: Partial<OpenBaoClusterSpec> = {}) =>
  cluster(spec, {
    currentVersion: '2.4.4',
    blueGreen: { phase, blueVersion: '2.4.4', greenVersion: '2.5.5', greenRevision: 'g', ...rest },
  });
const incident = (phase?: Phase) =>
  cluster(
    {},
    {
      currentVersion: '2.4.4',
      breakGlass: { active: true, nonce: 'n', reason: 'RollbackFailed', enteredAt: '2026-01-02T03:04:05Z' },
      ...(phase === undefined ? {} : { blueGreen: { phase } }),
    },
  );
const edits = {
  'the version taken back': { version: '2.4.4' },
  'a newer version': { version: '2.5.6' },
  'another image': { image: 'mirror.test/openbao:2.5.5' },
  'another number of replicas': { replicas: 5 },
} satisfies Record<string, Partial<OpenBaoClusterSpec>>;

describe('operation-in-progress', () => {
  for (const [what, spec] of Object.entries(edits)) {
    for (const phase of free) {
      it(`allows ${what} in ${phase}`, () => {
        expect(reasonsOf(operationInProgress, update(upgrading(phase), spec))).to.deep.equal([]);
      });
    }
    for (const phase of free.slice(1)) {
      it(`refuses ${what} in ${phase} once a green member was asked to vote`, () => {
        const old = upgrading(phase, { crossedAt: '2026-01-02T03:04:05Z' });
        expect(reasonsOf(operationInProgress, update(old, spec))).to.deep.equal(refused);
      });
    }
    for (const phase of pinned) {
      it(`refuses ${what} in ${phase}`, () => {
        expect(reasonsOf(operationInProgress, update(upgrading(phase), spec))).to.deep.equal(refused);
      });
    }
    it(`refuses ${what} in break glass`, () => {
      for (const phase of [undefined, 'Idle', 'Syncing', 'RollingBack'] as const)
        expect(reasonsOf(operationInProgress, update(incident(phase), spec))).to.deep.equal(refused);
    });
    it(`allows ${what} when an incident or an upgrade is over`, () => {
      const over = cluster({}, { breakGlass: { active: false, nonce: 'n' } });
      expect(reasonsOf(operationInProgress, update(over, spec))).to.deep.equal([]);
      const done = upgrading('Idle', {
        crossedAt: '2026-01-02T03:04:05Z',
        cleanupStartedAt: '2026-01-02T03:05:05Z',
      });
      expect(reasonsOf(operationInProgress, update(done, spec))).to.deep.equal([]);
    });
  }

  it('takes written-down defaults for no edit', () => {
    const spec = { image: '', replicas: 3 };
    expect(reasonsOf(operationInProgress, update(upgrading('Promoting'), spec))).to.deep.equal([]);
  });

  it('ignores a status that is sent with the request', () => {
    expect(reasonsOf(operationInProgress, creation(upgrading('Promoting')))).to.deep.equal([]);
    const request = update(upgrading('Promoting'), { replicas: 5 });
    const forged = { ...request, object: { ...request.object, status: {} } };
    expect(reasonsOf(operationInProgress, forged)).to.deep.equal(refused);
  });

  describe('lets the image of the same version move while paused', () => {
    const image = 'mirror.test/openbao:2.5.5';
    const cases = [
      { name: 'where the same change pauses', old: {}, spec: { paused: true, image }, moves: true },
      { name: 'where it was paused before', old: { paused: true }, spec: { image }, moves: true },
      { name: 'back to the default', old: { paused: true, image }, spec: { image: '' }, moves: true },
      { name: 'but not unpaused', old: {}, spec: { image }, moves: false },
      {
        name: 'but not where the same change goes on',
        old: { paused: true },
        spec: { image, paused: false },
        moves: false,
      },
      {
        name: 'but not with another version',
        old: { paused: true },
        spec: { image, version: '2.5.6' },
        moves: false,
      },
      {
        name: 'but not with another number of replicas',
        old: { paused: true },
        spec: { image, replicas: 5 },
        moves: false,
      },
    ];
    for (const { name, old, spec, moves } of cases) {
      it(`${name}, and asks for the verb acknowledge only then`, () => {
        const isElsewhere = spec.image ? ['execute'] : [];
        for (const phase of pinned) {
          const request = update(upgrading(phase, {}, old), spec);
          expect(reasonsOf(operationInProgress, request)).to.deep.equal(moves ? [] : refused);
          expect(verbsNeeded(request)).to.deep.equal([...(moves ? ['acknowledge'] : []), ...isElsewhere]);
        }
        expect(verbsNeeded(update(cluster(old), spec)), 'idle').to.deep.equal(isElsewhere);
      });
    }
  });

  describe('says what is under way and the way out', () => {
    const said = (old: ReturnType<typeof cluster>, spec: Partial<OpenBaoClusterSpec>) =>
      textOf(operationInProgress.evaluate(update(old, spec)));

    // docs/facts/openbao-operator.md, 7.1, 2: there it deleted a green half that held all votes.
    it('when spec.version is set back in the midst of the change of leaders', () => {
      const old = upgrading('DemotingBlue', { crossedAt: '2026-01-02T03:04:05Z' });
      expect(operationInProgress.evaluate(update(old, { version: '2.4.4' }))).to.deep.equal([
        {
          kind: 'violation',
          reason: 'OperationInProgress',
          path: 'spec.version',
          message:
            'spec.version (2.5.5 to 2.4.4) cannot change while the blue-green upgrade from 2.4.4 to 2.5.5 is in phase DemotingBlue; green members were first given votes at 2026-01-02T03:04:05Z',
          remedy: `to return, request a rollback: kubectl patch openbaocluster prod -n bao --type merge -p '{"spec":{"upgrade":{"requests":{"rollback":"'"$(date -u +%FT%TZ)"'"}}}}' ; then set spec.version back when status.blueGreen.phase is Idle again`,
        },
      ]);
    });

    it('when it is too late for a rollback', () => {
      expect(said(upgrading('Cleanup'), { version: '2.4.4' }))
        .to.contain('let the upgrade finish')
        .and.contain('restore a snapshot')
        .and.not.contain('requests');
      expect(said(upgrading('Cleanup'), { replicas: 5 })).not.to.contain('restore');
    });

    it('when it goes back already', () => {
      for (const phase of ['RollingBack', 'RollbackCleanup'] as const)
        expect(said(upgrading(phase), { version: '2.4.4' }))
          .to.contain('being rolled back automatically')
          .and.not.contain('"rollback"');
    });

    it('in break glass, without a nonce', () => {
      const text = said(incident('RollingBack'), { image: 'mirror.test/openbao:2.5.5' });
      expect(text)
        .to.contain('break glass is active (RollbackFailed) since 2026-01-02T03:04:05Z')
        .and.contain('acknowledge its nonce')
        .and.contain(
          'set spec.paused: true in the same change, which needs the verbs "acknowledge" and "execute"',
        );
    });

    it('with every field and both values', () => {
      expect(said(upgrading('Promoting'), { version: '2.5.6', image: 'a/b:2.5.6', replicas: 5 })).to.contain(
        'spec.version (2.5.5 to 2.5.6), spec.image (none to a/b:2.5.6), spec.replicas (3 to 5) cannot change',
      );
    });

    it('without a version or a time that nobody knows', () => {
      const old = cluster({}, { blueGreen: { phase: 'Promoting' } });
      expect(said(old, { replicas: 5 })).to.contain('while the blue-green upgrade is in phase Promoting\n');
    });
  });

  const anyStatus = fc.record({
    phase: fc.constantFrom(undefined, ...free, ...pinned),
    crossed: fc.boolean(),
    active: fc.constantFrom(undefined, false, true),
  });
  const stored = ({ phase, crossed, active }: typeof anyStatus extends fc.Arbitrary<infer T> ? T : never) =>
    cluster(
      {},
      {
        ...(phase === undefined
          ? {}
          : { blueGreen: { phase, ...(crossed ? { crossedAt: '2026-01-02T03:04:05Z' } : {}) } }),
        ...(active === undefined ? {} : { breakGlass: { active, nonce: 'n' } }),
      },
    );

  it('refuses nothing but edits of version, image and replicas, whatever is under way and unknown', () => {
    const harmless: fc.Arbitrary<Partial<OpenBaoClusterSpec>> = fc.record(
      {
        paused: fc.boolean(),
        breakGlassAck: fc.string(),
        maintenance: fc.record({ enabled: fc.boolean() }),
        upgrade: fc.record({ requests: fc.record({ rollback: fc.string(), promote: fc.string() }) }),
        deletionPolicy: fc.constantFrom('Retain' as const, 'DeleteAll' as const),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyStatus, harmless, (status, spec) => {
        const given = { volumes: unknown('why'), pods: unknown('why') };
        const decision = decide([operationInProgress], update(stored(status), spec, given));
        expect(decision).to.deep.equal({ allowed: true, violations: [], warnings: [] });
      }),
    );
  });

  it('lets no edit of them through where votes may be moving, but a move of the image while paused', () => {
    const edit = fc.record(
      {
        version: fc.constantFrom('2.4.4', '2.5.6', '9.0.0'),
        image: fc.constantFrom('a/b:2.5.5', 'a/b:2.4.4'),
        replicas: fc.constantFrom(1, 5),
        paused: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyStatus, edit, (status, spec) => {
        const { phase, crossed, active } = status;
        const moving =
          active === true ||
          pinned.some((each) => each === phase) ||
          (crossed && phase !== undefined && phase !== 'Idle');
        const { version, image, replicas, paused } = spec;
        const isEdit = version !== undefined || image !== undefined || replicas !== undefined;
        const isMove = version === undefined && replicas === undefined && paused === true;
        expect(decide([operationInProgress], update(stored(status), spec)).allowed).to.equal(
          !moving || !isEdit || isMove,
        );
      }),
    );
  });
});
