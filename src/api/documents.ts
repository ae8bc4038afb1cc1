/**
 * Places in the documents that messages name, as paths from the root of the repository.
 * `test/docs.test.ts` looks that each is there.
 */
export const documents = {
  backUpUnsealKey: 'docs/clusters.md#back-up-the-unseal-key',
  breakGlass: 'docs/operations/break-glass.md',
  consensusRepair: 'docs/operations/break-glass.md#rollbackconsensusrepairfailed',
  deletePod: 'docs/operations/delete-a-pod.md',
  downgrade: 'docs/upgrades/downgrade.md',
  emptyCluster: 'docs/operations/restore.md#into-an-empty-cluster',
  goingVolumes: 'docs/operations/holds.md#volumes-that-are-being-deleted',
  initialize: 'docs/clusters.md#initialize-it-yourself',
  issuerKeys: 'docs/clusters.md#new-keys-for-serviceaccount-tokens',
  peerRemoval: 'docs/operations/break-glass.md#rollbackcleanuppeerremovalfailed',
  personsToken: 'docs/clusters.md#a-persons-token',
  revision: 'docs/operations/holds.md#which-members-are-live',
  restore: 'docs/operations/restore.md',
  sealables: 'docs/upgrades/rolling.md#sealable-namespaces',
  seals: 'docs/operations/seals.md',
  upgradePaths: 'docs/reference/upgrade-paths.md',
  unreadable: 'docs/operations/holds.md#an-answer-that-cannot-be-understood',
} as const;
