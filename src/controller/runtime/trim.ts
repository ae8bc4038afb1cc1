import type { KubernetesObject, PersistentVolumeClaim, Pod } from '../../api/kubernetes.ts';
import { clusterLabel } from '../../api/labels.ts';
import { defined } from '../../api/object-fields.ts';
import { controllerReferenceOf } from '../../core/model/controller-of.ts';

/** Two writers' bookkeeping, which is often half of an object; only of a StatefulSet and of MetadataServices is it read. */
export function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  const { managedFields, ...metadata } = (object.metadata ?? {}) as { managedFields?: unknown };
  return managedFields === undefined ? object : { ...object, metadata };
}

const identityFields = { name: true, namespace: true, uid: true, resourceVersion: true } as const;

/** Which object it is, in which version, and of which cluster: what is asked of a child that is read when it changed. */
export function identityOf(object: KubernetesObject): KubernetesObject {
  const { labels, ...metadata } = object.metadata ?? {};
  const cluster = labels?.[clusterLabel];
  return {
    metadata: {
      ...picked(metadata, identityFields),
      ...(cluster === undefined ? {} : { labels: { [clusterLabel]: cluster } }),
    },
  };
}

/** Which object it is, in which version, with its labels. */
export const labelled = ({ metadata = {} }: KubernetesObject): KubernetesObject => ({
  metadata: picked(metadata, { ...identityFields, labels: true }),
});

type Spec = NonNullable<Pod['spec']>;
type Container = NonNullable<Spec['containers']>[number];
type Status = NonNullable<Pod['status']>;

/** A field that is added to the type must be added here: it would be missing. */
const specFields: Record<keyof Spec, true> = { nodeName: true, containers: true };
const containerFields: Record<keyof Container, true> = { name: true, image: true };
const statusFields: Record<keyof Status, true> = {
  phase: true,
  reason: true,
  message: true,
  podIP: true,
  conditions: true,
  initContainerStatuses: true,
  containerStatuses: true,
};

/**
 * The fields of a pod that the type has: most of a pod are its volumes, probes and environment. All that a Job's pod
 * was asked for, since that is compared with its Job (src/core/jobs/pod-of-job.ts).
 */
export function podAsRead(pod: Pod): Pod {
  const { apiVersion, kind, metadata, spec, status } = withoutManagedFields(pod);
  const isOfJob = controllerReferenceOf(pod)?.kind === 'Job';
  return {
    ...defined({ apiVersion, kind }),
    metadata,
    ...(spec === undefined ? {} : { spec: isOfJob ? spec : specAsRead(spec) }),
    ...(status === undefined ? {} : { status: picked(status, statusFields) }),
  };
}

function specAsRead(spec: Spec): Spec {
  const containers = spec.containers?.map((container) => picked(container, containerFields));
  return { ...picked(spec, specFields), ...defined({ containers }) };
}

/** A claim with its metadata, the size that it asks for, and its volume. */
export function claimAsRead(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const { apiVersion, kind, metadata, spec } = withoutManagedFields(claim);
  const { resources: { requests } = {}, volumeName } = spec ?? {};
  const resources = requests === undefined ? undefined : { requests };
  return {
    ...defined({ apiVersion, kind }),
    metadata,
    ...((resources ?? volumeName) ? { spec: defined({ resources, volumeName }) } : {}),
  };
}

function picked<T extends object>(object: T, fields: Readonly<Partial<Record<keyof T, true>>>): T {
  return Object.fromEntries(Object.entries(object).filter(([name]) => Object.hasOwn(fields, name))) as T;
}
