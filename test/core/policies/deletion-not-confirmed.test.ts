import { expect } from 'chai';
import { confirmDeleteAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { clusterVolumes } from '../../../src/core/model/data-door.ts';
import { deletionNotConfirmed } from '../../../src/core/policies/deletion-not-confirmed.ts';
import { cluster, clusterDeletion, reasonsOf, textOf } from '../../support/builders.ts';

const confirmedBy = (value: string): OpenBaoCluster['metadata'] => ({
  annotations: { [confirmDeleteAnnotation]: value },
});
const policies = (deletionPolicy: string): Partial<OpenBaoClusterSpec> => ({
  deletionPolicy: deletionPolicy as 'Retain',
});
const found = (object: OpenBaoCluster) => reasonsOf(deletionNotConfirmed, clusterDeletion(object));

describe('deletion-not-confirmed', () => {
  for (const policy of ['DeletePVCs', 'DeleteAll']) {
    it(`is refused under ${policy} until it is confirmed by the uid`, () => {
      expect(found(cluster(policies(policy)))).to.deep.equal(['DeletionNotConfirmed']);
      for (const wrong of ['', 'true', 'c-2', 'C-1', 'prod', ' c-1'])
        expect(found(cluster(policies(policy), undefined, confirmedBy(wrong)))).to.deep.equal([
          'DeletionNotConfirmed',
        ]);
      expect(found(cluster(policies(policy), undefined, confirmedBy('c-1')))).to.deep.equal([]);
    });
  }

  it('is needed exactly where the controller would delete data', () => {
    for (const policy of ['Retain', 'DeletePVCs', 'DeleteAll', '', 'Something', 'retain', 'constructor']) {
      const object = cluster(policies(policy), undefined, { deletionTimestamp: '2026-01-02T03:04:05Z' });
      const confirmed = { ...object, metadata: { ...object.metadata, ...confirmedBy('c-1') } };
      const recorded = { ...confirmed, status: { deletionPolicy: 'DeleteAll' as const } };
      const isNeeded = found(cluster(policies(policy))).length > 0;
      expect(isNeeded, policy).to.equal(clusterVolumes(recorded, []) !== undefined);
    }
  });

  it('is not confirmed by nothing where the uid is not known', () => {
    const { uid: _, ...metadata } = cluster().metadata;
    const object = { ...cluster(policies('DeleteAll')), metadata };
    expect(found(object)).to.deep.equal(['DeletionNotConfirmed']);
    expect(textOf(deletionNotConfirmed.evaluate(clusterDeletion(object)))).to.contain(
      `rollguard.io/confirm-delete="$(kubectl get openbaocluster prod -n bao -o jsonpath='{.metadata.uid}')"`,
    );
  });

  it('says what goes, and the two ways', () => {
    const said = (policy: string) =>
      textOf(deletionNotConfirmed.evaluate(clusterDeletion(cluster(policies(policy)))));
    expect(said('DeletePVCs')).to.equal(
      'spec.deletionPolicy is DeletePVCs: deleting the cluster also deletes its volumes\n' +
        'to keep them, set spec.deletionPolicy to Retain first; to delete them, confirm the deletion: kubectl annotate openbaocluster prod -n bao --overwrite rollguard.io/confirm-delete=c-1 ; then delete again',
    );
    expect(said('DeleteAll')).to.contain('its volumes and its unseal key');
    const transit = cluster({ ...policies('DeleteAll'), unseal: { type: 'transit' } });
    expect(textOf(deletionNotConfirmed.evaluate(clusterDeletion(transit)))).not.to.contain('unseal key');
  });
});
