import { saysVersion } from '../policies/downgrade-blocked.ts';
import { decide, explanationOf, notJudged } from '../policies/policy.ts';
import { versionRules } from '../policies/version-rules.ts';
import { isOfEarlierLife } from '../model/earlier-life.ts';
import { known } from '../model/known.ts';
import { held, unchanged, waiting, type Concern } from '../model/cluster-concern.ts';
import { claimsByPod } from '../model/selectors.ts';

/**
 * A cluster that is created again over the volumes of an earlier one starts no older version than what ran on them.
 * The gate says so first, where it was asked (docs/design.md, rule 5); once a version is recorded, changing it is
 * an upgrade, which checks for itself.
 */
export const decideDataVersion: Concern = (observation, status) => {
  if (status.currentVersion !== undefined) return unchanged(status);
  const claims = claimsByPod(observation);
  if (claims === undefined) {
    return unchanged(
      status,
      waiting('ClaimsUnknown', 'the version that ran on the existing volumes could not be read'),
    );
  }
  const { metadata } = observation.cluster;
  const { violations } = decide(versionRules, {
    operation: 'CREATE',
    object: observation.cluster,
    // Its own ones are stamped once they have run.
    volumes: known(
      [...claims.values()].filter((claim) => isOfEarlierLife(claim, metadata) || saysVersion(claim)),
    ),
    // Whatever of them has run is stamped on its volume.
    pods: known([]),
    permissions: notJudged,
  });
  const [violation] = violations;
  if (violation === undefined) return unchanged(status);
  const reason = violation.reason === 'DowngradeBlocked' ? downgradeBlocked : policyViolation;
  const { message, remedy } = explanationOf(violation);
  const { name, namespace = 'default' } = metadata;
  return unchanged(
    status,
    held(reason, message, {
      remedy,
      commands: [{ purpose: 'to edit it', line: `kubectl edit openbaocluster ${name} -n ${namespace}` }],
    }),
  );
};

const downgradeBlocked = 'DowngradeBlocked';
const policyViolation = 'PolicyViolation';
