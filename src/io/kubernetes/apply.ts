import type { KubernetesObject, Pod, PodDisruptionBudget } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import type { Effect } from '../../core/model/decision.ts';
import type { ObjectEffect, Reservation, Seen, Target } from '../../core/model/effect.ts';
import { whyNotKept } from '../../core/model/reservation.ts';
import { ApiError, isConflict, isNotFound, type KubernetesClient } from './kubernetes.ts';
import { collectionPath, objectPath, targetOf } from './resources.ts';

/** Under which name the API server remembers what the driver owns. */
export const fieldManager = 'rollguard-controller';

/** What effects need beside the API server: secrets are made with random bytes, outside the pure core. */
export interface EffectTools {
  readonly client: KubernetesClient;
  readonly createUnsealKey: (cluster: OpenBaoCluster) => Promise<void>;
  readonly keepUnsealKey: (cluster: OpenBaoCluster, uid: string) => Promise<void>;
  readonly deleteUnsealKey: (cluster: OpenBaoCluster, uid: string) => Promise<void>;
  readonly issueCertificates: (cluster: OpenBaoCluster) => Promise<void>;
}

/**
 * Carries out one effect. That it was carried out before is success.
 *
 * @throws ApiError when the API server refuses; the next pass looks again and decides again
 */
export async function applyEffect(
  tools: EffectTools,
  cluster: OpenBaoCluster,
  effect: Effect,
): Promise<void> {
  switch (effect.kind) {
    case 'createUnsealKey':
      return tools.createUnsealKey(cluster);
    case 'keepUnsealKey':
      return tools.keepUnsealKey(cluster, effect.uid);
    case 'deleteUnsealKey':
      return tools.deleteUnsealKey(cluster, effect.uid);
    case 'issueCertificates':
      return tools.issueCertificates(cluster);
    case 'apply':
    case 'create':
    case 'delete':
    case 'patch':
      return applyObjectEffect(tools.client, effect);
  }
}

/** What nothing but the module data-door.ts may have deleted (docs/design.md, rule 14). */
const data: ReadonlySet<string> = new Set(['PersistentVolumeClaim', 'Secret']);

/** Carries out an effect of any kind that is driven. @throws ApiError when the API server refuses */
export async function applyObjectEffect(
  client: Pick<KubernetesClient, 'apply' | 'create' | 'get' | 'list' | 'remove' | 'request'>,
  effect: ObjectEffect,
): Promise<void> {
  if ('reservation' in effect && !(await isKept(client, effect.reservation))) return;
  if ('asSeen' in effect && !(await areAsSeen(client, effect.asSeen))) return;
  switch (effect.kind) {
    case 'apply':
      // Forced: the fields are the driver's by design, and it sets no field that others own. So a conflict says that
      // it is gone, changed since, or another one of its name.
      return unlessOvertaken(
        client.apply(objectPath(targetOf(effect.object)), effect.object, { fieldManager, force: true }),
      );
    case 'create': {
      const { apiVersion, kind, namespace } = targetOf(effect.object);
      const creating = client.create(collectionPath(apiVersion, kind, namespace), effect.object, {
        query: { fieldManager },
      });
      return unlessDone(creating, isConflict);
    }
    case 'delete':
      if (data.has(effect.target.kind) && effect.isData !== true)
        throw new Error(
          `${effect.target.kind} ${effect.target.name} is data, which nothing deletes but data-door.ts`,
        );
      return unlessOvertaken(
        client.remove(objectPath(effect.target), {
          body: { preconditions: preconditionsOf(effect), propagationPolicy: propagationOf(effect.target) },
        }),
      );
    case 'patch': {
      const metadata = preconditionsOf(effect);
      const patch = effect.patch as { metadata?: object };
      const patching = client.request({
        method: 'PATCH',
        path: objectPath(effect.target),
        query: { fieldManager },
        body: { ...patch, metadata: { ...patch.metadata, ...metadata } },
      });
      // Gone, or changed since: the next pass sees what is there now.
      return unlessOvertaken(patching);
    }
  }
}

/** Whether no other member has gone or can go since it was decided: from the API server itself, for caches lag. */
async function isKept(
  client: Pick<KubernetesClient, 'get' | 'list'>,
  reservation: Reservation,
): Promise<boolean> {
  const { budget, labels } = reservation;
  // The budget first: an eviction that it let through before shows in the pods.
  const found = await client.get<PodDisruptionBudget>(objectPath(budget));
  const labelSelector = Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const pods = await client.list<Pod>(collectionPath('v1', 'Pod', budget.namespace ?? ''), {
    query: { labelSelector },
  });
  return whyNotKept(reservation, found, pods) === undefined;
}

/** Whether all are what they were when it was decided: from the API server itself, for caches lag. */
async function areAsSeen(client: Pick<KubernetesClient, 'get'>, objects: readonly Seen[]): Promise<boolean> {
  const found = await Promise.all(
    objects.map(({ target }) => client.get<KubernetesObject>(objectPath(target))),
  );
  return objects.every(({ resourceVersion }, at) => found[at]?.metadata?.resourceVersion === resourceVersion);
}

/** That very object; where it is said, only as it was when it was looked at. */
const preconditionsOf = ({
  uid,
  resourceVersion,
}: {
  readonly uid: string;
  readonly resourceVersion?: string;
}) => ({ uid, ...defined({ resourceVersion }) });

/** A Job stays until its pods are gone: as long as it is to be seen, its program may act. */
const propagationOf = ({ kind }: Target) => (kind === 'Job' ? 'Foreground' : 'Background');

/** A call about one very object. That it is gone, changed since, or another one of its name, is success. @throws ApiError */
export const unlessOvertaken = (call: Promise<unknown>): Promise<void> =>
  unlessDone(call, (error) => isNotFound(error) || isConflict(error));

async function unlessDone(call: Promise<unknown>, isDone: (error: unknown) => boolean): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiError) || !isDone(error)) throw error;
  }
}
