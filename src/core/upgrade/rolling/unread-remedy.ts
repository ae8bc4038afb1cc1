import type { Remedy } from '../../model/explanation.ts';
import { correction, handOver, type UnreadAnswer } from '../unread.ts';
import type { PhaseInput } from './phase.ts';
import { remedy } from './remedy.ts';
import { isUntouched } from './retarget.ts';

/** What to do about answers that could not be understood: every way out that there is, and no other. */
export function unreadRemedy(input: PhaseInput, unread: readonly UnreadAnswer[]): Remedy {
  const { commands = [], ...said } = remedy(input, hintFor(input, unread));
  return { ...said, commands: [...commands, ...handOver(input, unread)] };
}

function hintFor(
  { observation, upgrade, peers, replicas }: PhaseInput,
  unread: readonly UnreadAnswer[],
): string {
  const { namespace = 'default' } = observation.cluster.metadata;
  const pods = [...new Set(unread.map(({ pod }) => pod))];
  const outside = correction(unread, namespace);
  if (isUntouched(upgrade, replicas)) {
    return `${outside}; or set spec.version back to ${upgrade.fromVersion}, which cancels the upgrade`;
  }
  const inWork = peers.expected[upgrade.currentPartition ?? replicas]?.name ?? '';
  if (!pods.includes(inWork)) return outside;
  const again = `A retry recreates ${inWork}`;
  return (upgrade.completedPods ?? []).length > 0
    ? `${outside}. ${again}`
    : `set spec.version to a newer version, or spec.image to another image of ${upgrade.targetVersion}; or ${outside}. ${again}`;
}
