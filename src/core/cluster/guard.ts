import { enforceLabel, guardedLabel, unguardedNamespaces } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import type { Observation } from '../model/observation.ts';
import { isPaused } from '../model/selectors.ts';

/** What the condition Unguarded says. */
interface Guard {
  readonly isOff: boolean;
  readonly reason: string;
  readonly message: string;
}

const conditionType = 'Unguarded';
const stored = ({ conditions = [] }: OpenBaoClusterStatus) =>
  conditions.find(({ type }) => type === conditionType);

/**
 * Puts the namespace under the gate's protection, unless its owner said no; and tells when it is off, or comes on
 * again. Whoever may label the namespace may switch it off: not unseen.
 */
export const decideGuarding: Concern = (observation, status) => {
  const { cluster, namespace } = observation;
  const events = eventsOf(observation, status);
  if (isPaused(cluster) || namespace.kind === 'unknown') return { ...unchanged(status), events };
  const { name, uid, labels } = namespace.value.metadata ?? {};
  const isLabelled = labels?.[guardedLabel] !== undefined;
  if (name === undefined || uid === undefined || isLabelled || unguardedNamespaces.includes(name))
    return { ...unchanged(status), events };
  return {
    ...unchanged(status),
    events,
    effects: [
      {
        kind: 'patch',
        target: { apiVersion: 'v1', kind: 'Namespace', name },
        uid,
        patch: { metadata: { labels: { [guardedLabel]: 'true' } } },
      },
    ],
  };
};

/**
 * Whether the gate guards the members, by the labels of the namespace; there from the first time on that it does not.
 * While the namespace could not be read, it stays as it was.
 */
export function guardSeen({ namespace }: Observation, status: OpenBaoClusterStatus): Guard | undefined {
  const before = stored(status);
  if (namespace.kind === 'unknown') {
    return before && { isOff: before.status === 'True', reason: before.reason, message: before.message };
  }
  const { name = '', labels = {} } = namespace.value.metadata ?? {};
  if (unguardedNamespaces.includes(name)) {
    const message = `the namespace ${name} is left out by the webhooks for pods, whatever its labels: its pods are deleted without a question, members too. A cluster belongs into a namespace of its own`;
    return { isOff: true, reason: 'NamespaceExcluded', message };
  }
  const { [guardedLabel]: guarded = 'true', [enforceLabel]: enforced } = labels;
  if (guarded !== 'true') {
    const message = `the namespace ${name} has the label ${guardedLabel}=${guarded}: its pods are deleted without a question, members too. To guard it: kubectl label namespace ${name} ${guardedLabel}=true --overwrite`;
    return { isOff: true, reason: 'GuardOff', message };
  }
  if (enforced === 'warn') {
    const message = `the namespace ${name} has the label ${enforceLabel}=warn: what the gate would refuse there is allowed with a warning, but for what needs a verb. To refuse it: kubectl label namespace ${name} ${enforceLabel}-`;
    return { isOff: true, reason: 'WarnsOnly', message };
  }
  return before && { isOff: false, reason: 'Guarded', message: `the gate guards the namespace ${name}` };
}

function eventsOf(observation: Observation, status: OpenBaoClusterStatus) {
  const before = stored(status);
  const now = guardSeen(observation, status);
  const isSame = now?.isOff === (before?.status === 'True') && (!now.isOff || now.reason === before?.reason);
  if (now === undefined || isSame) return [];
  const note = `${now.message.charAt(0).toUpperCase()}${now.message.slice(1)}.`.slice(0, 1024);
  return [
    {
      type: now.isOff ? ('Warning' as const) : ('Normal' as const),
      reason: now.reason,
      action: 'Guard',
      note,
    },
  ];
}
