import { isAccepted, keyRemedy, keyRiskWithout } from '../namespace-keys.ts';
import { wait, type PhaseInput, type Step } from './phase.ts';

/**
 * Why blue must not be stopped yet: keys of sealable namespaces could go with it. Nothing gets worse by waiting, and
 * going back would bring green no keys: at the deadline it is held.
 */
export function whyKeysGoWithBlue({
  observation,
  halves,
  peers,
  blueGreen,
  context,
}: PhaseInput): Step | undefined {
  const { cluster } = observation;
  const risk = keyRiskWithout(observation, peers, halves.blue, blueGreen.blueVersion);
  if (risk === undefined || isAccepted(cluster, blueGreen.phaseStartedAt, context.now)) return undefined;
  const { reason, message } = risk;
  return wait(message, { overdue: { reason, message, ...keyRemedy(cluster, reason) } });
}
