import type { ClusterEvent } from '../../cluster/decision.ts';

export const event = (
  type: ClusterEvent['type'],
  reason: string,
  action: string,
  note: string,
): ClusterEvent => ({ type, reason, action, note });
