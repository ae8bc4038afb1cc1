import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { OpenBaoRestoreStatus } from '../../api/openbaorestore.ts';

/**
 * The operation id of a restore that has begun and not ended: for so long it holds its lock. One that has ended gives
 * the lock back itself. Read leniently: a restore that this version does not understand holds it too.
 */
export function operationUnderWay(restore: KubernetesObject): string | undefined {
  const { status = {} } = restore as { readonly status?: OpenBaoRestoreStatus };
  return status.phase === 'Complete' || status.phase === 'Failed' ? undefined : status.operationId;
}
