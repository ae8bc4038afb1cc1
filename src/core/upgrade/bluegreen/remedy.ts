import { clusterLabel } from '../../../api/labels.ts';
import { retryCommand, rollbackCommand } from '../../model/kubectl.ts';
import type { OpenBaoCluster } from '../../../api/openbaocluster.ts';
import { type PhaseInput } from './phase.ts';
import { stageOf, activeBlueGreen } from '../../model/blue-green.ts';

/** Bytes of status.lastErrorMessage. */
const longest = 2048;

interface Held extends Pick<PhaseInput, 'status' | 'blueGreen'> {
  readonly observation: { readonly cluster: Pick<OpenBaoCluster, 'metadata'> };
}

/** What is wrong, and what to do now: look, then go on or go back, with the exact commands. */
export function remedyOf({ observation, status, blueGreen }: Held, what: string): string {
  const { name = '', namespace = 'default' } = observation.cluster.metadata;
  const phase = activeBlueGreen(status)?.phase;
  const look =
    blueGreen.lastJobFailure === undefined
      ? `kubectl get pods -n ${namespace} -l ${clusterLabel}=${name} -o wide`
      : `kubectl logs -n ${namespace} job/${blueGreen.lastJobFailure}`;
  const back =
    phase === undefined || stageOf(phase) === 'cleanup' || stageOf(phase) === 'back'
      ? ''
      : `; or roll back: ${rollbackCommand(name, namespace)}`;
  const now = `See: ${look}${back}; or, once it is fixed, continue: ${retryCommand(name, namespace)}`;
  const room = longest - now.length - 2;
  const shown = what.length > room ? `${what.slice(0, room - 1)}…` : what;
  return `${shown}. ${now}`;
}
