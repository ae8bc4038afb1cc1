import type { PersistentVolumeClaim } from '../../api/kubernetes.ts';
import { clusterIdAnnotation } from '../../api/labels.ts';

/** The OpenBao clusters whose data these volumes are marked with: each once its member has taken part. */
export const clusterIdsOn = (claims: readonly PersistentVolumeClaim[]): readonly string[] => [
  ...new Set(claims.flatMap(({ metadata }) => metadata.annotations?.[clusterIdAnnotation] ?? [])),
];
