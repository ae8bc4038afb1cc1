import { retryCommand } from './failure.ts';
import type { PhaseInput } from './phase.ts';

/** What to do now: a hint, then the exact command that goes on. */
export function remedy({ observation }: Pick<PhaseInput, 'observation'>, hint: string): string {
  const { name = '', namespace = 'default' } = observation.cluster.metadata;
  return `${hint.charAt(0).toUpperCase()}${hint.slice(1)}; then: ${retryCommand(name, namespace)}`;
}
