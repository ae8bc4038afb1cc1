import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { held, unchanged, type Concern } from '../model/cluster-concern.ts';
import { retryCommand } from '../model/kubectl.ts';
import { patched } from '../model/patch.ts';
import { sameTarget, wantedTarget, type UpgradeTarget } from './target.ts';
import { isAsked, requestedRestart } from './requests.ts';
import { activeBlueGreen } from '../model/blue-green.ts';

/** Whether this very target was gone back from by the strategy that spec still asks for. */
export const isGivenUp = (
  { spec }: Pick<OpenBaoCluster, 'spec'>,
  { blueGreen }: OpenBaoClusterStatus,
  target: UpgradeTarget,
): boolean =>
  spec.upgrade?.strategy === 'BlueGreen' &&
  blueGreen?.rejectedTarget !== undefined &&
  sameTarget(blueGreen.rejectedTarget, target);

/** Forgotten: it is tried again, or something else is. */
export const withoutGivenUp = (status: OpenBaoClusterStatus): OpenBaoClusterStatus =>
  status.blueGreen?.rejectedTarget === undefined
    ? status
    : { ...status, blueGreen: patched(status.blueGreen, { rejectedTarget: undefined }) };

const isAtRest = (status: OpenBaoClusterStatus) =>
  activeBlueGreen(status) === undefined && status.upgrade === undefined;

/** Forgets what was gone back from, when spec asks for something else. */
export const forgetRejectedTarget: Concern = ({ cluster }, status, { settings }) =>
  isAtRest(status) && !isGivenUp(cluster, status, wantedTarget(cluster, settings))
    ? unchanged(withoutGivenUp(status))
    : unchanged(status);

/**
 * Says that spec asks for what was gone back from, and is not tried again by itself. It is told in the very
 * write that ends the way back: such a cluster is Ready at no moment.
 */
export const reportRejectedTarget: Concern = (observation, status, { settings }) => {
  const { cluster } = observation;
  const rejectedTarget = status.blueGreen?.rejectedTarget;
  if (rejectedTarget === undefined || !isAtRest(status) || isAsked(observation, status, 'retry'))
    return unchanged(status);
  if (!isGivenUp(cluster, status, wantedTarget(cluster, settings))) return unchanged(status);
  const { name = '', namespace = 'default' } = cluster.metadata;
  const restartAt = requestedRestart(cluster, status);
  const waits =
    restartAt === undefined ? '' : `, and the restart of ${restartAt} is not carried out until then`;
  return unchanged(
    status,
    held(
      'TargetRejected',
      `the upgrade to ${rejectedTarget.version} was rolled back (${rejectedTarget.reason}) and will not be retried automatically${waits}`,
      {
        remedy: `Set spec.version to ${status.currentVersion}, or to another target`,
        commands: [{ purpose: 'or, once it is fixed, retry it', line: retryCommand(name, namespace) }],
      },
    ),
  );
};
