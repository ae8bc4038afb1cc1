import type { KubernetesObject } from '../../api/kubernetes.ts';
import { maintenanceAnnotation } from '../../api/labels.ts';
import { omit } from '../../api/object-fields.ts';
import { known } from '../model/known.ts';
import { maintenanceEnabled } from '../model/selectors.ts';
import type { Effect } from '../model/decision.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { podsByName, targetIn } from '../model/selectors.ts';

/**
 * Stamps pods and StatefulSet while spec.maintenance.enabled, also while paused, and takes the stamps off
 * again. Never in the pod template, so nothing restarts. What a person annotated by hand, while maintenance
 * was off, stays.
 */
export const decideMaintenance: Concern = (observation, status) => {
  const { cluster, statefulSet, greenStatefulSet = known(undefined) } = observation;
  const pods = podsByName(observation);
  const wanted = maintenanceEnabled(cluster);
  if (!wanted && status.maintenance !== true) return unchanged(status);

  const found: readonly { readonly kind: 'Pod' | 'StatefulSet'; readonly object: KubernetesObject }[] = [
    ...[...(pods?.values() ?? [])].map((object) => ({ kind: 'Pod' as const, object })),
    ...[statefulSet, greenStatefulSet].flatMap((set) =>
      set.kind === 'known' && set.value !== undefined
        ? [{ kind: 'StatefulSet' as const, object: set.value }]
        : [],
    ),
  ];
  const effects = found
    .filter(({ object }) => isStamped(object) !== wanted)
    .flatMap(({ kind, object: { metadata } }): Effect[] => {
      if (metadata?.name === undefined || metadata.uid === undefined) return [];
      const target = targetIn(cluster, kind === 'Pod' ? 'v1' : 'apps/v1', kind, metadata.name);
      const patch = { metadata: { annotations: { [maintenanceAnnotation]: wanted ? 'true' : null } } };
      return [{ kind: 'patch', target, uid: metadata.uid, patch }];
    });

  if (wanted) {
    return { ...unchanged(status.maintenance === true ? status : { ...status, maintenance: true }), effects };
  }
  const clean =
    effects.length === 0 &&
    pods !== undefined &&
    statefulSet.kind === 'known' &&
    greenStatefulSet.kind === 'known';
  if (!clean) return { ...unchanged(status), effects };
  const rest = omit(status, 'maintenance');
  return unchanged(rest);
};

const isStamped = ({ metadata }: KubernetesObject) =>
  metadata?.annotations?.[maintenanceAnnotation] === 'true';
