import { printable } from '../model/printable.ts';
import { parseVersion } from '../version/version.ts';
import { changesVersion, type ClusterRequest } from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * spec.version must be a semantic version, with an optional leading v.
 *
 * Guards: OpenBaoCluster CREATE, UPDATE.
 * Allows: an invalid version that was stored before, with a warning.
 * Source: specification, pages 002 ("Validates semantic versioning") and 004 ("Invalid semantic
 * versions … are rejected before orchestration begins").
 */
export const invalidVersion: Policy<ClusterRequest> = {
  id: 'invalid-version',
  changes: changesVersion,
  evaluate({ object }) {
    const version = parseVersion(object.spec.version);
    if (version.kind === 'known') return [];
    return [
      violation(
        'InvalidVersion',
        'spec.version',
        `spec.version ${JSON.stringify(printable(object.spec.version))} ${version.cause}`,
        'write it as MAJOR.MINOR.PATCH, for example 2.6.2 or 2.7.0-rc.1',
      ),
    ];
  },
};
