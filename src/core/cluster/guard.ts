import { enforceLabel, guardedLabel, unguardedNamespaces } from '../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { asBefore, saidBefore, verdict, type Verdict } from '../model/conditions.ts';
import type { Observation } from '../model/observation.ts';
import { isPaused } from '../model/selectors.ts';

const type = 'Unguarded';

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
 * What the condition Unguarded says: whether the gate guards the members, by the labels of the namespace; there from the
 * first time on that it does not.
 * While the namespace could not be read, it stays as it was.
 */
export function guardSeen({ namespace }: Observation, status: OpenBaoClusterStatus): Verdict | undefined {
  const before = saidBefore(status, type);
  if (namespace.kind === 'unknown') return asBefore(before);
  const { name = '', labels = {} } = namespace.value.metadata ?? {};
  if (unguardedNamespaces.includes(name)) {
    const message = `the namespace ${name} is left out by the webhooks for pods, whatever its labels: its pods are deleted without a question, members too. A cluster belongs into a namespace of its own`;
    return verdict(type, true, 'NamespaceExcluded', message);
  }
  const { [guardedLabel]: guarded = 'true', [enforceLabel]: enforced } = labels;
  if (guarded !== 'true') {
    const message = `the namespace ${name} has the label ${guardedLabel}=${guarded}: its pods are deleted without a question, members too. To guard it: kubectl label namespace ${name} ${guardedLabel}=true --overwrite`;
    return verdict(type, true, 'GuardOff', message);
  }
  if (enforced === 'warn') {
    const message = `the namespace ${name} has the label ${enforceLabel}=warn: what the gate would refuse there is allowed with a warning, but for what needs a verb. To refuse it: kubectl label namespace ${name} ${enforceLabel}-`;
    return verdict(type, true, 'WarnsOnly', message);
  }
  return before && verdict(type, false, 'Guarded', `the gate guards the namespace ${name}`);
}

function eventsOf(observation: Observation, status: OpenBaoClusterStatus) {
  const before = saidBefore(status, type);
  const now = guardSeen(observation, status);
  if (now === undefined) return [];
  const isOff = now.status === 'True';
  const isSame = isOff === (before?.status === 'True') && (!isOff || now.reason === before?.reason);
  if (isSame) return [];
  const note = `${now.message.charAt(0).toUpperCase()}${now.message.slice(1)}.`.slice(0, 1024);
  return [
    {
      type: isOff ? ('Warning' as const) : ('Normal' as const),
      reason: now.reason,
      action: 'Guard',
      note,
    },
  ];
}
