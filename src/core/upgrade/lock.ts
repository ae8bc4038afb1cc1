import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { withLock } from '../model/operation-lock.ts';

type Lock =
  | { readonly kind: 'ours'; readonly status: OpenBaoClusterStatus }
  | { readonly kind: 'held'; readonly by: string };

/** Takes or renews the lock. One that its operation has left behind is freed elsewhere (decideStaleLock). */
export function takeLock(status: OpenBaoClusterStatus, operationId: string, now: number): Lock {
  const locked = withLock(status, 'Upgrade', operationId, now);
  if (locked !== undefined) return { kind: 'ours', status: locked };
  const { operation = 'another operation', operationId: id = '' } = status.operationLock ?? {};
  return { kind: 'held', by: `${operation} ${id} holds the operation lock`.replace('  ', ' ') };
}
