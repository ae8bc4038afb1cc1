import { rollbackToAnnotation } from '../../api/labels.ts';
import { printable } from '../model/printable.ts';
import { isGood } from '../release/history.ts';
import { violation, warning, type Policy } from './policy.ts';
import { asksForRollback, rollbackTarget, storedReleases, type ReleaseRequest } from './release-request.ts';

/**
 * Before a release has served there is none to return to.
 *
 * Guards: MetadataServices UPDATE that asks for a rollback.
 * Allows: everything on CREATE, with a warning: Git may still hold an old request, and what ran under that name may
 * come back with its records.
 * Source: docs/design.md, "What the gate refuses"; docs/facts/metadataservices.md, T9.
 */
export const noGoodRelease: Policy<ReleaseRequest> = {
  id: 'no-good-release',
  changes: asksForRollback,
  evaluate(request) {
    if (!asksForRollback(request)) return [];
    const target = printable(rollbackTarget(request.object) ?? '');
    if (request.operation === 'CREATE')
      return [warning(`${rollbackToAnnotation} has no effect: a new MetadataServices has no release yet`)];
    const { releaseHistory = [] } = storedReleases(request);
    if (releaseHistory.some(isGood)) return [];
    const failed =
      releaseHistory.length === 0 ? 'no release has ended yet' : 'every release so far has failed';
    return [
      violation(
        'NoGoodRelease',
        `metadata.annotations[${rollbackToAnnotation}]`,
        `a rollback to ${target} is requested, but ${failed}`,
        'correct the spec instead: a changed spec is deployed immediately',
      ),
    ];
  },
};
