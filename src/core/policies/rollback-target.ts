import { rollbackToAnnotation } from '../../api/labels.ts';
import { printable } from '../model/printable.ts';
import { isGood } from '../release/history.ts';
import { warning, type Finding, type Policy } from './policy.ts';
import { asksForRollback, rollbackTarget, storedReleases, type ReleaseRequest } from './release-request.ts';

/**
 * What a rollback will come to, where it is not what people expect.
 *
 * Guards: nothing; warns at MetadataServices CREATE, UPDATE.
 * Allows: everything: the controller acts as the specification, page 003, says, and any of the ten records may be
 * asked for.
 * Source: specification, page 003 ("Error Handling", "WRONG (will be ignored)", FAQ);
 * docs/design.md, "What the gate refuses".
 */
export const rollbackTargetKnown: Policy<ReleaseRequest> = {
  id: 'rollback-target',
  changes: asksForRollback,
  evaluate: (request) => [...unprefixed(request), ...aboutTarget(request)],
};

/** The same word without its group: the specification, page 003, shows it as the mistake that is made. */
const bareName = 'rollback-to';

function unprefixed({ object, oldObject }: ReleaseRequest): readonly Finding[] {
  const value = object.metadata.annotations?.[bareName];
  if (value === undefined || value === oldObject?.metadata.annotations?.[bareName]) return [];
  return [
    warning(`the annotation ${bareName} is ignored; a rollback is requested with ${rollbackToAnnotation}`),
  ];
}

function aboutTarget(request: ReleaseRequest): readonly Finding[] {
  const target = rollbackTarget(request.object);
  const { releaseHistory = [], activeReleaseVersion, deploymentPhase } = storedReleases(request);
  // Without a good one it is refused, by a rule of its own.
  if (target === undefined || !asksForRollback(request) || !releaseHistory.some(isGood)) return [];
  const record = releaseHistory.find(({ version }) => version === target);
  const named = printable(target);
  if (record === undefined)
    return [
      warning(
        `release ${named} is not in status.releaseHistory: the request will be removed, and nothing will be deployed`,
      ),
    ];
  if (!isGood(record))
    return [
      warning(
        `release ${named} has failed before; the active release keeps the traffic until the new one is ready`,
      ),
    ];
  if (target !== activeReleaseVersion) return [];
  return [
    deploymentPhase === 'Deploying'
      ? warning(`release ${named} is active: the release in progress will be aborted`)
      : warning(`release ${named} is already active: the spec is only set back to it where it differs`),
  ];
}
