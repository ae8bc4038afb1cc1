import { parseMetadataServices } from '../../src/api/metadataservices.ts';
import { rollbackRequestedBy } from '../../src/core/mutations/requested-by.ts';
import { requesterRoute } from './requester.ts';

/** MetadataServices CREATE and UPDATE: who asked for a rollback, beside the request. */
export const mutateMetadataServices = requesterRoute(
  { group: 'e6data.io', resource: 'metadataservices' },
  parseMetadataServices,
  rollbackRequestedBy,
);
