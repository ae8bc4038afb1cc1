/**
 * Places in the documents that messages name, as paths from the root of the repository.
 * `test/docs.test.ts` looks that each is there.
 */
export const documents = {
  initialize: 'docs/clusters.md#initialize-it-yourself',
  personsToken: 'docs/clusters.md#a-persons-token',
  restore: 'docs/operations/restore.md',
} as const;
