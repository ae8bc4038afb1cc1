import type { Pod, StatefulSet } from '../../api/kubernetes.ts';

/** The label in which the StatefulSet controller says which template a pod was made from. */
const revisionHash = 'controller-revision-hash';

/** Whether the StatefulSet controller has seen the newest StatefulSet: until then its updateRevision is an older one. */
export const isObserved = ({ metadata, status }: StatefulSet): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);

/** Whether a pod was made from the newest template that the StatefulSet controller has seen. */
export const isOfUpdateRevision = ({ metadata }: Pod, { status }: StatefulSet): boolean =>
  metadata.labels?.[revisionHash] !== undefined && metadata.labels[revisionHash] === status?.updateRevision;
