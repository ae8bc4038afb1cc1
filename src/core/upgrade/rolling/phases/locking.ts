import { nextOrdinal } from '../next.ts';
import { wait, type PhaseHandler } from '../phase.ts';
import { whyNotInPlace } from '../pods.ts';

/**
 * Locking: the StatefulSet carries the target's template, held back from every pod by its partition, and
 * its controller has seen it. The StatefulSet itself follows from the status once that is stored.
 */
export const locking: PhaseHandler = (input) => {
  const { observation, upgrade, replicas } = input;
  const partition = upgrade.currentPartition ?? replicas;
  const missing = whyNotInPlace(observation.statefulSet, upgrade, partition);
  return missing === undefined ? nextOrdinal(input) : wait(missing);
};
