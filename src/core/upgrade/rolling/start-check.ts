import type { OpenBaoCluster, RollingUpgrade } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import { known, unknown, type Known } from '../../model/known.ts';
import type { Observation } from '../../model/observation.ts';
import { claimsOfMembers } from '../../model/revisions.ts';
import { decide, explanationOf, notJudged } from '../../policies/policy.ts';
import { versionRules } from '../../policies/version-rules.ts';
import { failure, type Failure } from './failure.ts';
import { isOlderThanRecorded, type UpgradeTarget } from '../target.ts';
import { hold, wait, type PhaseInput, type Step } from './phase.ts';

/**
 * The gate's own rules once more, and what only the controller can read: the newest version that was ever active on
 * this data, which a downgrade of the leader leaves in place (docs/facts/openbao-measured.md, section 6).
 *
 * @param from what the data was written by: status.currentVersion, or a target that has run
 * @param unopened what is remembered of a target that is taken back before it has opened the data: it is no mark
 * @returns what forbids the target, if anything does; unknown while that cannot be told
 */
export function startCheck(
  observation: Observation,
  from: UpgradeTarget,
  wanted: UpgradeTarget,
  unopened?: RollingUpgrade['unopened'],
): Known<Failure | undefined> {
  const { cluster, claims, pods, versionHistory } = observation;
  if (claims.kind === 'unknown')
    return unknown(`the PersistentVolumeClaims could not be read: ${claims.cause}`);
  if (pods.kind === 'unknown') return unknown(`the pods could not be read: ${pods.cause}`);
  const { violations } = decide(versionRules, {
    operation: 'UPDATE',
    object: cluster,
    oldObject: asStored(cluster, from, unopened),
    volumes: known(claimsOfMembers(cluster.metadata.name ?? '', claims.value)),
    pods,
    permissions: notJudged,
  });
  const [violation] = violations;
  if (violation !== undefined) {
    const { reason } = violation;
    const { message, remedy } = explanationOf(violation);
    const failed = reason === 'DowngradeBlocked' ? reason : 'PolicyViolation';
    // Another spec starts anew by itself, so the rule's own remedy is all there is to do.
    return known(failure(failed, `${reason}: ${message}`, { remedy }));
  }
  if (wanted.version === from.version) return known(undefined);
  if (versionHistory.kind === 'unknown') {
    return unknown(`the version history could not be read: ${versionHistory.cause}`);
  }
  const newer = versionHistory.value.find((version) => isOlderThanRecorded(wanted.version, version));
  if (newer === undefined) return known(undefined);
  return known(
    failure(
      'DowngradeBlocked',
      `version ${newer} has been the version of the leader (sys/version-history), and ${wanted.version} is older`,
      { remedy: `Set spec.version to ${newer} or newer` },
    ),
  );
}

/** What the upgrade under way waits for, or is held by, before it touches anything; nothing where it may. */
export function whyForbidden({
  observation,
  upgrade: { fromVersion = '', fromImage = '', targetVersion = '', targetImage = '' },
}: Pick<PhaseInput, 'observation' | 'upgrade'>): Step | undefined {
  const from = { version: fromVersion, image: fromImage };
  const forbidden = startCheck(observation, from, { version: targetVersion, image: targetImage });
  if (forbidden.kind === 'unknown') return wait(forbidden.cause);
  return forbidden.value === undefined ? undefined : hold(forbidden.value);
}

/** The cluster as if its spec still named what it runs, so that every rule judges the change. */
function asStored(
  cluster: OpenBaoCluster,
  { version, image }: UpgradeTarget,
  unopened: RollingUpgrade['unopened'],
): OpenBaoCluster {
  const { upgrade: _, ...status } = cluster.status ?? {};
  const upgrade = unopened === undefined ? undefined : { unopened };
  return {
    ...cluster,
    spec: { ...cluster.spec, version, image },
    status: { ...status, ...defined({ upgrade }) },
  };
}
