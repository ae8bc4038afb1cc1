import type { ExecutorAction, ExecutorStep, Halves } from '../../../src/core/jobs/step.ts';

/** The halves of a cluster `prod` of three. */
export const halves: Halves = {
  blue: ['prod-0', 'prod-1', 'prod-2'],
  green: ['prod-1b8e-0', 'prod-1b8e-1', 'prod-1b8e-2'],
};

/** A step of any action. */
export function stepOf(action: ExecutorAction, operationId: string, pod?: string): ExecutorStep {
  switch (action) {
    case 'preflight':
    case 'step-down':
    case 'remove-peer':
    case 'snapshot':
    case 'probe-store':
    case 'verify-snapshot':
    case 'restore-snapshot':
    case 'repair-membership':
    case 'trust-issuer':
      return { action, operationId, ...(pod === undefined ? {} : { pod }) };
    case 'dead-server-cleanup':
      return { action, operationId, halves, enabled: false };
    case 'promote-green':
    case 'hand-over-to-green':
    case 'repair-consensus':
    case 'remove-blue-peers':
    case 'remove-green-peers':
      return { action, operationId, halves };
    default:
      return action satisfies never;
  }
}
