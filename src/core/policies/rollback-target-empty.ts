import { rollbackToAnnotation } from '../../api/labels.ts';
import { violation, type Policy } from './policy.ts';
import { changesRollback, listReleases, rollbackTarget, type ReleaseRequest } from './release-request.ts';

/**
 * A request to roll back names a release. The one-liner of the specification, page 003, (`releaseHistory[-2]`) gives
 * an empty value where there is only one.
 *
 * Guards: MetadataServices CREATE, UPDATE with the annotation e6data.io/rollback-to.
 * Allows: no annotation; an empty one that was there before, with a warning.
 * Source: docs/design.md, "What the gate refuses"; docs/facts/metadataservices.md, T3.
 */
export const rollbackTargetEmpty: Policy<ReleaseRequest> = {
  id: 'rollback-target-empty',
  changes: changesRollback,
  evaluate: (request) =>
    rollbackTarget(request.object) === ''
      ? [
          violation(
            'RollbackTargetEmpty',
            `metadata.annotations[${rollbackToAnnotation}]`,
            `${rollbackToAnnotation} is empty`,
            `set it to the name of a release of status.releaseHistory (${listReleases(request)}), or remove the annotation`,
          ),
        ]
      : [],
};
