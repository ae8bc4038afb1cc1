import type { Command, Remedy } from '../../model/explanation.ts';
import { serverContainer } from '../../model/names.ts';
import { correction, type UnreadAnswer } from '../unread.ts';
import type { PhaseInput } from './phase.ts';
import { remedy } from './remedy.ts';
import { isUntouched } from './retarget.ts';

/** What to do about answers that could not be understood: every way out that there is, and no other. */
export function unreadRemedy(input: PhaseInput, unread: readonly UnreadAnswer[]): Remedy {
  const { commands = [], ...said } = remedy(input, hintFor(input, unread));
  return { ...said, commands: [...commands, ...unread.flatMap((answer) => stepDown(input, answer))] };
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

/** One that leads can be relieved of it by hand: another leader may be understood. */
function stepDown({ observation, peers }: PhaseInput, { pod, of }: UnreadAnswer): readonly Command[] {
  const isFollowed = peers.expected.some(
    ({ member }) => member.kind === 'known' && member.value.leader === pod,
  );
  if (peers.expected.length < 2 || (of === 'member' && !isFollowed)) return [];
  const { namespace = 'default' } = observation.cluster.metadata;
  return [
    {
      purpose: 'or let another member lead first',
      line: `kubectl exec -n ${namespace} ${pod} -c ${serverContainer} -- env BAO_TOKEN=TOKEN bao operator step-down`,
    },
  ];
}
