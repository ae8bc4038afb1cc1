import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../api/kubernetes.ts';
import { clusterLabel } from '../../api/labels.ts';
import { defined, omit } from '../../api/object-fields.ts';
import { controllerOf } from '../../core/model/controller-of.ts';
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
  /**
   * As they should be. Each names the very object and version that it was compared with, where there was one: whoever
   * changes it meanwhile keeps it from being written over (docs/design.md, rule 1).
   *
   * @throws Error when an object of that name is somebody else's: nothing of it may be overwritten
   */
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

  /** As it is to be applied; nothing when it is right. */
  const compared = async (key: string, desired: KubernetesObject): Promise<readonly KubernetesObject[]> => {
    const target = targetOf(desired);
    const path = objectPath(target);
    const cached = caches.child(target);
    if (cached === undefined) {
      // The watches see only objects with the cluster's label: one without it may be there, and is somebody's.
      const unlabelled = await client.get<KubernetesObject>(path);
      assertOurs(owner, desired, unlabelled);
      return [withPrecondition(desired, unlabelled)];
    }
    const wanted = createHash('sha256').update(JSON.stringify(desired)).digest('base64');
    const children = found.get(key) ?? new Map<string, { version: string; desired: string }>();
    found.set(key, children);
    const last = children.get(path);
    if (last?.version === cached.metadata?.resourceVersion && last?.desired === wanted) return [];
    const live = 'spec' in cached ? cached : await client.get<KubernetesObject>(path);
    const version = live?.metadata?.resourceVersion;
    assertOurs(owner, desired, live);
    if (live === undefined || version === undefined || !isApplied(desired, live)) {
      children.delete(path);
      return [withPrecondition(desired, live)];
    }
    children.set(path, { version, desired: wanted });
    return [];
  };

  return {
    async drifted(key, desired) {
      const different = await Promise.all(desired.map((each) => compared(key, each)));
      return different.flat();
    },
    forget: (key) => void found.delete(key),
  };
}

/** Nothing where it is not there: then it is made. */
function withPrecondition(desired: KubernetesObject, live: KubernetesObject | undefined): KubernetesObject {
  const { uid, resourceVersion } = live?.metadata ?? {};
  if (uid === undefined) return desired;
  return { ...desired, metadata: { ...desired.metadata, uid, ...defined({ resourceVersion }) } };
}

/** What it is to become, whichever version it is applied to. */
export const withoutPrecondition = ({ metadata, ...object }: KubernetesObject): KubernetesObject => ({
  ...object,
  ...defined({ metadata: metadata && omit(metadata, 'uid', 'resourceVersion') }),
});

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
