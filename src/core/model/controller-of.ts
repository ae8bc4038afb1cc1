import type { KubernetesObject } from '../../api/kubernetes.ts';

interface OwnerReference {
  readonly kind?: string;
  readonly uid?: string;
  readonly controller?: boolean;
}

/** The reference to the object that controls another. */
export const controllerReferenceOf = ({ metadata }: KubernetesObject): OwnerReference | undefined =>
  (metadata as { ownerReferences?: readonly OwnerReference[] } | undefined)?.ownerReferences?.find(
    ({ controller }) => controller === true,
  );

/** The uid of the object that controls another. */
export const controllerOf = (object: KubernetesObject): string | undefined =>
  controllerReferenceOf(object)?.uid;
