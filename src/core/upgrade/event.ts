import type { ClusterEvent } from '../model/decision.ts';

export const event = (
  type: ClusterEvent['type'],
  reason: string,
  action: string,
  note: string,
): ClusterEvent => ({ type, reason, action, note });
