import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import { held, only, type DecidePart } from '../../cluster/part.ts';
import { retryCommand } from '../rolling/failure.ts';
import { patched } from '../rolling/phase.ts';
import { sameTarget, wantedTarget, type UpgradeTarget } from '../rolling/target.ts';
import { isAsked, requestedRestart } from '../requests.ts';
import { underWay } from './phase.ts';

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

/** Says that spec asks for what was gone back from, and is not tried again by itself; forgets it when spec does not. */
export const decideGivenUp: DecidePart = (observation, status, { settings }) => {
  const { cluster } = observation;
  const givenUp = status.blueGreen?.givenUp;
  if (givenUp === undefined || underWay(status) !== undefined || status.upgrade !== undefined)
    return only(status);
  if (!isGivenUp(cluster, status, wantedTarget(cluster, settings))) return only(withoutGivenUp(status));
  if (isAsked(observation, status, 'retry')) return only(status);
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
