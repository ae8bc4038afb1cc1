import { decide, explain, notJudged } from '../policies/policy.ts';
import { versionRules } from '../upgrade/rolling/start-check.ts';
import { known } from '../model/known.ts';
import { held, only, waiting, type DecidePart } from '../model/cluster-concern.ts';
import { claimsByPod } from '../model/selectors.ts';

/**
 * A cluster that is created again over the volumes of an earlier one starts no older version than what ran on them.
 * The gate says so first, where it was asked (docs/design.md, rule 5); once a version is recorded, changing it is
 * an upgrade, which checks for itself.
 */
export const decideDataVersion: DecidePart = (observation, status) => {
  if (status.currentVersion !== undefined) return only(status);
  const claims = claimsByPod(observation);
  if (claims === undefined) {
    return only(
      status,
      waiting('ClaimsUnknown', 'which version ran on the volumes that are there could not be read'),
    );
  }
  const { violations } = decide(versionRules, {
    operation: 'CREATE',
    object: observation.cluster,
    volumes: known([...claims.values()]),
    // Whatever of them has run is stamped on its volume.
    pods: known([]),
    permissions: notJudged,
  });
  const [violation] = violations;
  if (violation === undefined) return only(status);
  const reason = violation.reason === 'DowngradeBlocked' ? downgradeBlocked : policyViolation;
  const { name, namespace = 'default' } = observation.cluster.metadata;
  return only(
    status,
    held(reason, `${explain(violation)} To edit it: kubectl edit openbaocluster ${name} -n ${namespace}`),
  );
};

const downgradeBlocked = 'DowngradeBlocked';
const policyViolation = 'PolicyViolation';
