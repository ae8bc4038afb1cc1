import type { Pod, StatefulSet } from '../../../api/kubernetes.ts';
import { restartAtAnnotation } from '../../../api/labels.ts';
import type { RollingUpgrade } from '../../../api/openbaocluster.ts';
import type { Known } from '../../model/known.ts';
import { appliedImage } from '../../workload/applied-image.ts';
import { maxUnavailable as one } from '../../workload/stateful-set.ts';
import { isObserved, isOfUpdateRevision } from '../../workload/update-revision.ts';
import { everStarted, imageOf, serverStatus } from '../../model/server-container.ts';

/**
 * Why the StatefulSet does not carry the target's template at this partition yet; undefined when it does,
 * and its controller has seen it. Until then updateRevision is the old one, and an old pod would pass for an
 * upgraded one (docs/facts/openbao-operator.md, 7.1, 9; docs/facts/openbao-operator.md, 11, 2).
 */
export function whyNotInPlace(
  statefulSet: Known<StatefulSet | undefined>,
  { targetImage, restartAt }: RollingUpgrade,
  partition: number,
): string | undefined {
  if (statefulSet.kind === 'unknown') return `the StatefulSet could not be read: ${statefulSet.cause}`;
  const { value } = statefulSet;
  if (value === undefined) return 'there is no StatefulSet';
  const { spec, status } = value;
  const image = appliedImage(value);
  if (image !== targetImage) return `the StatefulSet's template still has the image ${image ?? '(none)'}`;
  if (restartAt !== undefined && spec?.template?.metadata?.annotations?.[restartAtAnnotation] !== restartAt) {
    return `the StatefulSet's template does not carry restartAt ${restartAt} yet`;
  }
  const several = whyNotOneAtATime(value);
  if (several !== undefined) return several;
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type !== undefined && type !== 'RollingUpdate') {
    return `the StatefulSet's updateStrategy is ${type}, not RollingUpdate`;
  }
  if ((rollingUpdate?.partition ?? 0) !== partition) {
    return `the StatefulSet's partition is ${rollingUpdate?.partition ?? 0}, not ${partition}`;
  }
  if (!isObserved(value) || !status?.updateRevision) {
    return 'the StatefulSet controller has not seen the newest StatefulSet yet';
  }
  return undefined;
}

/**
 * Why the StatefulSet controller might replace more than one member at once; undefined when it will not. A policy
 * that mutates StatefulSets may say another number than ours again and again.
 */
export function whyNotOneAtATime({ spec }: StatefulSet): string | undefined {
  const { maxUnavailable = one } = spec?.updateStrategy?.rollingUpdate ?? {};
  return maxUnavailable === one
    ? undefined
    : `the StatefulSet's updateStrategy.rollingUpdate.maxUnavailable is ${maxUnavailable}, not ${one}; whoever sets it must stop`;
}

/**
 * Whether a pod was made from the StatefulSet's newest template, and that is the target's. The pod's own image
 * says nothing: admission may have rewritten it to a mirror or a digest.
 */
export const isOfNewestTemplate = (
  pod: Pod,
  statefulSet: StatefulSet | undefined,
  { targetImage }: RollingUpgrade,
): boolean =>
  statefulSet !== undefined &&
  isOfUpdateRevision(pod, statefulSet) &&
  appliedImage(statefulSet) === targetImage;

/** Whether a pod may run the target: by its template, or by its image where that was not rewritten. */
export const mayRunTarget = (
  pod: Pod,
  statefulSet: StatefulSet | undefined,
  { targetImage }: RollingUpgrade,
): boolean =>
  imageOf(pod.spec) === targetImage || (statefulSet !== undefined && isOfUpdateRevision(pod, statefulSet));

/**
 * Whether a pod's container is kept from starting by more than its turn: no image, no node, no such Secret.
 * Only then may a target be taken back, for a container about to start could do so while we look.
 */
export function cannotStart(pod: Pod): boolean {
  if (everStarted(pod)) return false;
  if (obstacles.has(serverStatus(pod)?.state?.waiting?.reason ?? '')) return true;
  return (
    pod.status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'False') === true
  );
}

/** What the kubelet says of a container that does not start. */
const obstacles = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
  'CreateContainerConfigError',
]);
