import type { BlueGreenUpgrade, OpenBaoClusterStatus, RollingUpgrade } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import type { ClusterEvent, DecisionContext } from '../model/decision.ts';
import { liveRevision } from '../model/members.ts';
import { initialRevision } from '../model/names.ts';
import { timestamp } from '../model/time.ts';
import { event } from './event.ts';
import { patched } from '../model/patch.ts';
import { deadlineOf } from './bluegreen/deadlines.ts';
import { upgradesGreenInPlace } from './target.ts';
import { revisionOf } from './bluegreen/revision.ts';

/**
 * All checks have passed, and the snapshot is stored: both strategies share these (status.upgrade, PreChecks and
 * Snapshot). From here status.blueGreen tells. Blue is pinned as it runs (docs/facts/openbao-operator.md, 7.1, 15).
 *
 * @param deadServerCleanup whether autopilot removes dead servers, as the checks have seen
 */
export function startBlueGreen(
  status: OpenBaoClusterStatus,
  upgrade: RollingUpgrade,
  deadServerCleanup: boolean,
  { now, settings }: DecisionContext,
): { readonly status: OpenBaoClusterStatus; readonly events: readonly ClusterEvent[] } {
  const { operationId = '', targetVersion: version = '', targetImage: image = '' } = upgrade;
  const rest = omit(status, 'upgrade');
  const replicas = status.replicas ?? 0;
  const greenRevision = revisionOf(operationId, { version, image }, replicas);
  const live = liveRevision(status);
  const isInPlace = upgradesGreenInPlace(upgrade);
  const blueGreen: BlueGreenUpgrade = patched<BlueGreenUpgrade>(
    {
      phase: 'DeployingGreen',
      operationId,
      blueVersion: upgrade.fromVersion ?? '',
      blueImage: upgrade.fromImage ?? '',
      blueReplicas: replicas,
      greenRevision,
      greenVersion: version,
      greenImage: image,
      startedAt: upgrade.startedAt ?? timestamp(now),
      phaseStartedAt: timestamp(now),
      deadline: deadlineOf('DeployingGreen', now, settings),
      leadershipChanges: 0,
    },
    {
      blueRevision: live === initialRevision ? undefined : live,
      leader: upgrade.leader,
      deadServerCleanup: deadServerCleanup ? true : undefined,
      upgradesGreenInPlace: isInPlace ? true : undefined,
    },
  );
  const started = isInPlace
    ? `${upgrade.fromVersion} (${upgrade.fromImage}), to be upgraded to ${version} once they vote,`
    : `${version} (${image})`;
  const note = `${replicas} green members of ${started} are started as revision ${greenRevision}`;
  return {
    status: { ...rest, blueGreen },
    events: [event('Normal', 'GreenDeploying', 'DeployGreen', note)],
  };
}
