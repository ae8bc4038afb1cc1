import type { Remedy } from '../../model/explanation.ts';
import { clusterLabel } from '../../../api/labels.ts';
import { jobLogs, retryCommand, rollbackCommand } from '../../model/kubectl.ts';
import type { OpenBaoCluster } from '../../../api/openbaocluster.ts';
import { type PhaseInput } from './phase.ts';
import { stageOf, activeBlueGreen, isPastWayBack } from '../../model/blue-green.ts';

interface Held extends Pick<PhaseInput, 'status' | 'blueGreen'> {
  readonly observation: { readonly cluster: Pick<OpenBaoCluster, 'metadata'> };
}

/** What to do now: look, then go back or go on, with the exact commands. */
export function remedyOf({ observation, status, blueGreen }: Held): Remedy {
  const { name = '', namespace = 'default' } = observation.cluster.metadata;
  const phase = activeBlueGreen(status)?.phase;
  const look =
    blueGreen.lastJobFailure === undefined
      ? `kubectl get pods -n ${namespace} -l ${clusterLabel}=${name} -o wide`
      : jobLogs(blueGreen.lastJobFailure, namespace);
  const hasWayBack =
    phase !== undefined &&
    stageOf(phase) !== 'cleanup' &&
    stageOf(phase) !== 'back' &&
    !isPastWayBack(blueGreen);
  return {
    remedy: `See: ${look}`,
    commands: [
      ...(hasWayBack ? [{ purpose: 'or roll back', line: rollbackCommand(name, namespace) }] : []),
      { purpose: 'or, once it is fixed, continue', line: retryCommand(name, namespace) },
    ],
  };
}
