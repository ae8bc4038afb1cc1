import * as fc from 'fast-check';
import { expect } from 'chai';
import { SimulatedRestore } from './simulated-restore.ts';
import { sized } from '../../support/walks.ts';

/** What may befall a restore, one thing after another. */
const mishap = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), survives: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('old cache' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write by another' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      action: fc.constantFrom('verify-snapshot', 'restore-snapshot', 'repair-membership'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      said: fc.constantFrom('RestoreUnconfirmed it broke off', 'silent', 'SealKeyMismatch another key'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace the cluster' as const) }) },
);

/** Ended, with nothing left to do. */
const isOver = ({ restore, clusterStatus }: SimulatedRestore) =>
  (restore.status?.phase === 'Complete' || restore.status?.phase === 'Failed') &&
  (restore.metadata.finalizers ?? []).length === 0 &&
  clusterStatus.operationLock === undefined;

describe('any restore', function () {
  it('restores once at most, whatever befalls it, and ends with the lock given back and the truth told', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(mishap, { maxLength: 40 }), (mishaps) => {
        const world = new SimulatedRestore({ confirm: 'prod' });
        let replaced: { readonly restores: number } | undefined;
        const live = () => {
          world.tick();
          world.pass();
        };
        for (const each of mishaps) {
          world.cache = undefined;
          const before = world.observe();
          world.tick();
          if (each.kind === 'pass') world.pass(each.survives);
          else if (each.kind === 'replace the cluster') {
            // One that was not looked at yet may be replaced as often as anybody likes.
            if (world.restore.status?.clusterUID !== undefined) replaced ??= { restores: world.restores };
            world.replaceCluster();
          } else if (each.kind === 'old cache') {
            world.cache = before;
            world.pass();
            world.cache = undefined;
          } else if (each.kind === 'write by another') {
            world.setCluster({ readyReplicas: 3 });
            world.pass();
          } else if (each.kind === 'lose') {
            for (const [name, job] of world.jobs) if (job.action === each.action) world.jobs.delete(name);
          } else if (each.kind === 'fail') world.jobFailures.set('restore-snapshot', each.said);
          else
            world.restore = {
              ...world.restore,
              metadata: { ...world.restore.metadata, deletionTimestamp: 'now' },
            };
        }
        for (let turn = 0; turn < 400 && !isOver(world); turn++) live();
        const { status, metadata } = world.restore;
        const isGone = metadata.deletionTimestamp !== undefined;
        expect(world.restores, 'restores').to.be.at.most(1);
        expect(world.clusterStatus.operationLock).to.equal(undefined);
        expect(metadata.finalizers ?? []).to.deep.equal([]);
        const isEnded = status?.phase === 'Complete' || status?.phase === 'Failed';
        if (!isEnded) expect(isGone && status?.restoreJobUID === undefined).to.equal(true);
        if (replaced !== undefined) {
          // L6: whatever it was doing, the successor is let alone.
          const { restore, operationLock } = world.clusterStatus;
          expect([restore, operationLock, world.restores]).to.deep.equal([
            undefined,
            undefined,
            replaced.restores,
          ]);
          if (!isGone) expect(['Complete', 'Failed']).to.include(status?.phase);
        } else if (world.restores > 0) {
          // Members are restarted, whether it is known or not.
          expect(world.restarts).to.be.at.least(1);
          expect(status?.phase === 'Complete' || status?.outcomeUnknown === true).to.equal(true);
        }
        if (status?.phase === 'Complete' && replaced === undefined) expect(world.data).to.equal('snapshot');
        seen.add(`${status?.phase} ${status?.lastErrorReason ?? ''} ${world.restores}`);
      }),
      { numRuns: sized(1_000, 200), seed: 5 },
    );
    expect([...seen]).to.include.members([
      'Complete  1',
      'Failed RestoreOutcomeUnknown 1',
      'Failed RestoreOutcomeUnknown 0',
      'Failed SealKeyMismatch 0',
      'Failed ClusterReplaced 0',
      'Failed ClusterReplaced 1',
    ]);
  });
});
