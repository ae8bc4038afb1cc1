import { defined } from '../../api/object-fields.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { activeBlueGreen, isPastWayBack, stageOf } from '../model/blue-green.ts';
import { waiting, type Notice } from '../model/cluster-concern.ts';
import { pausedWork, type Work } from '../model/conditions.ts';
import type { DecisionContext } from '../model/decision.ts';
import { requestCommand, resumeCommand, rollbackCommand } from '../model/kubectl.ts';
import type { Observation } from '../model/observation.ts';
import { isPaused, wantedReplicas } from '../model/selectors.ts';
import { awaitedRequest, awaitedRequests } from '../upgrade/bluegreen/awaited.ts';
import { requestedRestart } from '../upgrade/requests.ts';
import { currentTarget, sameTarget, wantedTarget } from '../upgrade/target.ts';

/** What is being done or waited for, the first of it; undefined when all is as it should be. */
export function workOf(
  observation: Observation,
  status: OpenBaoClusterStatus,
  notices: readonly Notice[],
  settings: DecisionContext['settings'],
): Work | undefined {
  const { cluster } = observation;
  const work = activityOf(observation, status, notices) ?? unmetSpec(cluster, status, settings);
  return work !== undefined && isPaused(cluster)
    ? pausedWork(work, resumeCommand('openbaocluster', cluster.metadata))
    : work;
}

function activityOf(
  { cluster }: Observation,
  { initialized, upgrade, blueGreen, scaling }: OpenBaoClusterStatus,
  notices: readonly Notice[],
): Work | undefined {
  if (upgrade !== undefined) {
    const { phase = 'PreChecks', waitingFor } = upgrade;
    return { kind: 'waiting', reason: phase, message: `${target(upgrade)}: ${waitingFor ?? phase}` };
  }
  const current = activeBlueGreen(defined({ blueGreen }));
  if (current !== undefined) {
    const { phase, waitingFor } = current;
    const message = `${course(current)}: ${waitingFor ?? phase}`;
    return awaited(cluster, current, message) ?? { kind: 'waiting', reason: phase, message };
  }
  if (scaling !== undefined) {
    const scales = notices.find(({ reason }) => reason === 'Scaling')?.message;
    const message = `from ${scaling.replicas} to ${scaling.target} members${scales === undefined ? '' : `: ${scales}`}`;
    return { kind: 'waiting', reason: scaling.step ?? 'Scaling', message };
  }
  const notice = notices.find(({ kind }) => kind === 'waiting');
  if (notice !== undefined) return notice;
  if (initialized !== true) {
    return {
      kind: 'waiting',
      reason: 'Initializing',
      message: `waiting for ${cluster.metadata.name}-0 to initialize the cluster`,
    };
  }
  return undefined;
}

/** A request that a blue-green upgrade waits for as spec asks it to, and the ways on. */
function awaited(
  { metadata: { name = '', namespace = '' } }: Observation['cluster'],
  current: NonNullable<ReturnType<typeof activeBlueGreen>>,
  message: string,
): Work | undefined {
  const request = awaitedRequest(current);
  if (request === undefined) return undefined;
  const canGoBack = !isPastWayBack(current);
  const back = { purpose: 'or to go back', line: rollbackCommand(name, namespace) };
  return {
    kind: 'waiting',
    reason: awaitedRequests[request].waitingReason,
    message,
    remedy: 'To go on',
    commands: [{ line: requestCommand(request, name, namespace) }, ...(canGoBack ? [back] : [])],
    awaitsPerson: true,
  };
}

/**
 * What spec asks for and nothing has begun with, for whatever reason: it is paused, another operation has the lock, or
 * what is to begin has not been looked at yet. Whoever holds it back need not say so for the cluster not to be Ready.
 */
function unmetSpec(
  cluster: Observation['cluster'],
  status: OpenBaoClusterStatus,
  settings: DecisionContext['settings'],
): Work | undefined {
  const { operationLock: lock, image, replicas } = status;
  const holder = lock?.holder ?? lock?.operation;
  const why = holder === undefined ? '' : `; ${holder} holds the lock`;
  const [current, wanted] = [currentTarget(status, settings), wantedTarget(cluster, settings)];
  if (current === undefined) return waiting('VersionUnknown', 'the version that runs is not known yet');
  // Of a status that was lost, as long as the StatefulSet cannot be read.
  if (image === undefined || replicas === undefined)
    return waiting('VersionUnknown', 'the image that runs, or the number of members, is not known yet');
  if (!sameTarget(current, wanted)) {
    const change = `spec asks for ${wanted.version} (${wanted.image}), and the cluster runs ${current.version} (${current.image})`;
    return waiting('UpgradePending', `${change}${why}`);
  }
  const restartAt = requestedRestart(cluster, status);
  if (restartAt !== undefined)
    return waiting('RestartPending', `the restart of ${restartAt} has not begun${why}`);
  const size = wantedReplicas(cluster);
  if (replicas !== size)
    return waiting(
      'ScalingPending',
      `spec.replicas is ${size}, and the cluster has ${replicas} members${why}`,
    );
  return lock?.operation === 'Restore'
    ? waiting('Restoring', `${holder} holds the lock, and may be replacing the data of this cluster`)
    : undefined;
}

export const target = ({
  targetVersion = '',
  restartAt,
  fromVersion,
}: NonNullable<OpenBaoClusterStatus['upgrade']>) =>
  restartAt !== undefined && fromVersion === targetVersion
    ? `restart of ${restartAt}`
    : `upgrade to ${targetVersion}`;

/** Where a blue-green upgrade leads, in words. */
export const course = ({
  phase,
  greenVersion = '',
  blueVersion = '',
}: NonNullable<ReturnType<typeof activeBlueGreen>>) =>
  stageOf(phase) === 'back'
    ? `back from ${greenVersion} to ${blueVersion}`
    : `blue-green upgrade from ${blueVersion} to ${greenVersion}`;
