import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { held, only, type DecidePart } from '../model/cluster-concern.ts';
import { retryCommand } from './rolling/failure.ts';
import { patched } from './rolling/phase.ts';
import { sameTarget, wantedTarget, type UpgradeTarget } from './target.ts';
import { isAsked, requestedRestart } from './requests.ts';
import { underWay } from './bluegreen/phase.ts';

/** Whether this very target was gone back from by the strategy that spec still asks for. */
export const isGivenUp = (
  { spec }: Pick<OpenBaoCluster, 'spec'>,
  { blueGreen }: OpenBaoClusterStatus,
  target: UpgradeTarget,
): boolean =>
  spec.upgrade?.strategy === 'BlueGreen' &&
  blueGreen?.givenUp !== undefined &&
  sameTarget(blueGreen.givenUp, target);

/** Forgotten: it is tried again, or something else is. */
export const withoutGivenUp = (status: OpenBaoClusterStatus): OpenBaoClusterStatus =>
  status.blueGreen?.givenUp === undefined
    ? status
    : { ...status, blueGreen: patched(status.blueGreen, { givenUp: undefined }) };

const isAtRest = (status: OpenBaoClusterStatus) =>
  underWay(status) === undefined && status.upgrade === undefined;

/** Forgets what was gone back from, when spec asks for something else. */
export const forgetGivenUp: DecidePart = ({ cluster }, status, { settings }) =>
  isAtRest(status) && !isGivenUp(cluster, status, wantedTarget(cluster, settings))
    ? only(withoutGivenUp(status))
    : only(status);

/**
 * Says that spec asks for what was gone back from, and is not tried again by itself. It is told in the very
 * write that ends the way back: such a cluster is Ready at no moment.
 */
export const tellGivenUp: DecidePart = (observation, status, { settings }) => {
  const { cluster } = observation;
  const givenUp = status.blueGreen?.givenUp;
  if (givenUp === undefined || !isAtRest(status) || isAsked(observation, status, 'retry'))
    return only(status);
  if (!isGivenUp(cluster, status, wantedTarget(cluster, settings))) return only(status);
  const { name = '', namespace = 'default' } = cluster.metadata;
  const restartAt = requestedRestart(cluster, status);
  const waits = restartAt === undefined ? '' : `, nor is the restart of ${restartAt} carried out meanwhile`;
  return only(
    status,
    held(
      'TargetGivenUp',
      `the upgrade to ${givenUp.version} was given up (${givenUp.reason}), and is not tried again by itself${waits}. Set spec.version to ${status.currentVersion}, or to another target; or, once it is mended, try it again: ${retryCommand(name, namespace)}`,
    ),
  );
};
