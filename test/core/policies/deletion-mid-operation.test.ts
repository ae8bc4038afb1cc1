import { expect } from 'chai';
import { confirmDeleteAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { deletionMidOperation } from '../../../src/core/policies/deletion-mid-operation.ts';
import { cluster, clusterDeletion, reasonsOf, textOf } from '../../support/builders.ts';

const operations: readonly (readonly [status: OpenBaoClusterStatus, said: string])[] = [
  [{ breakGlass: { active: true, nonce: 'n' } }, 'break glass is active'],
  [{ blueGreen: { phase: 'Syncing' } }, 'the blue-green upgrade is in phase Syncing'],
  [{ blueGreen: { phase: 'Cleanup' } }, 'the blue-green upgrade is in phase Cleanup'],
  [{ upgrade: { targetVersion: '2.5.6' } }, 'a rolling upgrade to 2.5.6 is in progress'],
  [{ upgrade: {} }, 'a rolling upgrade to another version is in progress'],
  [{ scaling: { target: 5 } }, 'members are being added or removed'],
  [{ operationLock: { operation: 'Restore' } }, 'the operation Restore holds status.operationLock'],
];

describe('deletion-mid-operation', () => {
  for (const [status, said] of operations) {
    it(`refuses while ${said}, until it is confirmed`, () => {
      const request = clusterDeletion(cluster({}, status));
      expect(reasonsOf(deletionMidOperation, request)).to.deep.equal(['OperationInProgress']);
      expect(textOf(deletionMidOperation.evaluate(request)))
        .to.contain(`cannot be deleted while ${said}\n`)
        .and.contain('rollguard.io/confirm-delete=c-1 ; then delete again');
      const confirmed = cluster({}, status, { annotations: { [confirmDeleteAnnotation]: 'c-1' } });
      expect(reasonsOf(deletionMidOperation, clusterDeletion(confirmed))).to.deep.equal([]);
      const mistaken = cluster({}, status, { annotations: { [confirmDeleteAnnotation]: 'c-2' } });
      expect(reasonsOf(deletionMidOperation, clusterDeletion(mistaken))).to.deep.equal([
        'OperationInProgress',
      ]);
    });
  }

  it('passes at rest, whatever goes with it', () => {
    for (const status of [undefined, {}, { blueGreen: { phase: 'Idle' as const } }])
      expect(
        reasonsOf(deletionMidOperation, clusterDeletion(cluster({ deletionPolicy: 'DeleteAll' }, status))),
      ).to.deep.equal([]);
  });
});
