import { knownBadPath, knownBadPaths } from '../version/upgrade-paths.ts';
import { parseVersion } from '../version/version.ts';
import {
  changesStrategy,
  changesVersion,
  storedStatus,
  upgradeStrategy,
  type ClusterRequest,
} from './cluster-request.ts';
import { violation, type Policy, type Violation } from './policy.ts';

/**
 * The way from the version that runs to spec.version is not known to end badly under the
 * chosen strategy.
 *
 * Guards: OpenBaoCluster UPDATE of version or strategy; the cluster's own start check.
 * Allows: a CREATE, where nothing runs yet; a cluster that was never initialized.
 * Unknown: a version that cannot be read refuses a change of version under a strategy that
 * has known bad paths.
 * Source: docs/facts/openbao-operator.md, 7.2 (BlueGreenVersionIncompatible) and 8, 2.
 */
export const upgradePathBlocked: Policy<ClusterRequest> = {
  id: 'upgrade-path-blocked',
  changes: (request) => changesVersion(request) || changesStrategy(request),
  evaluate(request) {
    // A new cluster has no status.
    const strategy = upgradeStrategy(request.object);
    if (knownBadPaths.every((path) => path.strategy !== strategy)) return [];
    const parsed = parseVersion(request.object.spec.version);
    // invalid-version speaks of it.
    if (parsed.kind === 'unknown') return [];
    const wanted = parsed.value;
    const { currentVersion, initialized } = storedStatus(request);
    if (currentVersion === undefined) {
      return initialized === true && changesVersion(request) ? [untold(wanted.canonical, strategy)] : [];
    }
    const running = parseVersion(currentVersion);
    // downgrade-blocked speaks of it.
    if (running.kind === 'unknown') return [];
    const current = running.value;
    const path = knownBadPath(strategy, current, wanted);
    if (path === undefined) return [];
    return [
      violation(
        'UpgradePathBlocked',
        'spec.version',
        `${strategy} from ${current.canonical} to ${wanted.canonical} cannot succeed: ${path.why}`,
        `leave spec.version at ${current.canonical}, set spec.upgrade.strategy to RollingUpdate in a separate change, then change spec.version; or restore a snapshot into a new cluster of ${wanted.canonical}`,
      ),
    ];
  },
};

const untold = (wanted: string, strategy: string): Violation =>
  violation(
    'UpgradePathBlocked',
    'spec.version',
    `whether ${wanted} can be reached with ${strategy} is unknown: status.currentVersion does not have the running version`,
    'apply it again when status.currentVersion is set',
  );
