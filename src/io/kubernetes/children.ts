import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import { clusterLabel } from '../../api/labels.ts';
import type { ClusterCaches } from './cluster-caches.ts';
import type { KubernetesClient } from './kubernetes.ts';
import { objectPath, targetOf } from './resources.ts';

/**
 * Finds the children that are not as they should be.
 *
 * The watches hold only names and versions of most children: a child is read when its version, or what
 * it should be, has changed since it was last found right.
 */
interface ChildComparison {
  /** @throws Error when an object of that name is somebody else's: nothing of it may be overwritten */
  drifted(owner: string, desired: readonly KubernetesObject[]): Promise<readonly KubernetesObject[]>;
  /** Forgets what was found about the children of an owner that is gone. */
  forget(owner: string): void;
}

export function childComparison(
  client: Pick<KubernetesClient, 'get'>,
  caches: Pick<ClusterCaches, 'child'>,
  isApplied: (desired: KubernetesObject, live: KubernetesObject) => boolean,
  owner: OwnerKind = { label: clusterLabel, kind: 'OpenBaoCluster' },
): ChildComparison {
  /** By owner and path: the version at which an object was found right, and a digest of what it should be then. */
  const found = new Map<string, Map<string, { readonly version: string; readonly desired: string }>>();

  const isRight = async (key: string, desired: KubernetesObject): Promise<boolean> => {
    const target = targetOf(desired);
    const path = objectPath(target);
    const cached = caches.child(target);
    if (cached === undefined) {
      // The watches see only objects with the cluster's label: one without it may be there, and is somebody's.
      assertOurs(owner, desired, await client.get<KubernetesObject>(path));
      return false;
    }
    const wanted = createHash('sha256').update(JSON.stringify(desired)).digest('base64');
    const children = found.get(key) ?? new Map<string, { version: string; desired: string }>();
    found.set(key, children);
    const last = children.get(path);
    if (last?.version === cached.metadata?.resourceVersion && last?.desired === wanted) return true;
    const live = 'spec' in cached ? cached : await client.get<KubernetesObject>(path);
    const version = live?.metadata?.resourceVersion;
    assertOurs(owner, desired, live);
    if (live === undefined || version === undefined || !isApplied(desired, live)) {
      children.delete(path);
      return false;
    }
    children.set(path, { version, desired: wanted });
    return true;
  };

  return {
    async drifted(key, desired) {
      const right = await Promise.all(desired.map((each) => isRight(key, each)));
      return desired.filter((_, index) => right[index] === false);
    },
    forget: (key) => void found.delete(key),
  };
}

interface OwnerReference {
  readonly uid?: string;
  readonly controller?: boolean;
}

/** By which label its children are known, and what the owner is called. */
interface OwnerKind {
  readonly label: string;
  readonly kind: string;
}

/** Ours carries the owner's label and no other controller's reference; an orphan of ours is taken back. */
function assertOurs(
  { label, kind }: OwnerKind,
  desired: KubernetesObject,
  live: KubernetesObject | undefined,
): void {
  if (live === undefined) return;
  const owner = controllerOf(live);
  if (
    live.metadata?.labels?.[label] === desired.metadata?.labels?.[label] &&
    (owner === undefined || owner === controllerOf(desired))
  )
    return;
  throw new Error(
    `the ${live.kind ?? desired.kind} ${desired.metadata?.name} is there already and is not this ${kind}'s; delete it, or give the ${kind} another name`,
  );
}

/** The uid of the object that controls another. */
export const controllerOf = ({ metadata }: KubernetesObject): string | undefined =>
  (metadata as { ownerReferences?: readonly OwnerReference[] } | undefined)?.ownerReferences?.find(
    ({ controller }) => controller === true,
  )?.uid;
