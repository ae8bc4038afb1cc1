import { rollbackToAnnotation } from '../../api/labels.ts';
import { missingVerb } from './missing-verb.ts';
import type { Policy } from './policy.ts';
import { asksForRollback, releaseName, type ReleaseRequest } from './release-request.ts';

/**
 * A rollback is for those who hold the custom verb `rollback` on this MetadataServices.
 *
 * Guards: MetadataServices CREATE, UPDATE that ask for one.
 * Allows: everything else; taking a request back, as the controller itself does.
 * Unknown: a permission that could not be checked is not given.
 * Source: docs/design.md, "Verbs".
 */
export const releasePermissionRequired: Policy<ReleaseRequest> = {
  id: 'release-permission-required',
  changes: () => true,
  evaluate: (request) =>
    asksForRollback(request)
      ? missingVerb(
          'rollback',
          request.permission,
          releaseName(request),
          `metadata.annotations[${rollbackToAnnotation}]`,
          'a rollback',
          'metadataservices',
        )
      : [],
};
