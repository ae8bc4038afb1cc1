import type { Remedy } from '../../model/explanation.ts';
import { diagnosis } from './diagnosis.ts';
import { type FailureReason } from './failure.ts';
import { keyRemedy } from '../namespace-keys.ts';
import { jobLogs as logsOf, retryCommand } from '../../model/kubectl.ts';
import { isUnopened } from '../../model/target-starts.ts';
import type { PhaseInput } from './phase.ts';

type Given = Pick<PhaseInput, 'upgrade'> & {
  readonly observation: Pick<PhaseInput['observation'], 'cluster'>;
};

/** Why spec does not help any more once a pod is done: the others get what it got. */
const fixed =
  'The image and the pod template cannot change until the upgrade has ended: fix the cause outside the spec (registry, node, quota), then retry. ';

/** What to do now: a hint, then the exact command that goes on. */
export function remedy({ observation, upgrade }: Given, hint: string): Remedy {
  const { name = '', namespace = 'default' } = observation.cluster.metadata;
  const outside = (upgrade.completedPods ?? []).length > 0 ? fixed : '';
  return {
    remedy: `${outside}${hint.charAt(0).toUpperCase()}${hint.slice(1)}`,
    commands: [{ purpose: 'then', line: retryCommand(name, namespace) }],
  };
}

/** The command that shows what a Job of the upgrade has written. */
export const jobLogs = ({ observation }: Pick<Given, 'observation'>, name: string): string =>
  logsOf(name, observation.cluster.metadata.namespace ?? 'default');

/** The first pod of a target that has opened no data may have its old template back. */
function wayBack({ upgrade }: Given, reason: FailureReason): string {
  const { fromVersion, targetVersion, completedPods = [] } = upgrade;
  const mayGoBack = isUnopened(upgrade) && completedPods.length === 0;
  return reason === 'PodNotReady' && mayGoBack && fromVersion !== targetVersion
    ? `; or set spec.version back to ${fromVersion}, for ${targetVersion} has opened no data`
    : '';
}

/** What to do when something took too long: the commands that say why. */
export function overdueRemedy(given: Given, reason: FailureReason): Remedy {
  const keys = keyRemedy(given.observation.cluster, reason);
  if (keys !== undefined) {
    const { name = '', namespace = 'default' } = given.observation.cluster.metadata;
    const retry = { purpose: 'then', line: retryCommand(name, namespace) };
    return { ...keys, commands: [retry, ...(keys.commands ?? [])] };
  }
  const look = diagnosis(given.observation.cluster, given.upgrade, reason);
  const hint =
    look.length === 0
      ? 'fix what the upgrade is waiting for'
      : `see: ${look.map(({ words }) => `kubectl ${words}`).join('; ')}`;
  return remedy(given, `${hint}${wayBack(given, reason)}`);
}
