import type { ObservedJob } from '../../model/observation.ts';
import { executorJob } from '../../jobs/executor-job.ts';
import { repeatableJob, type RepeatableJob } from '../../jobs/repeatable-job.ts';
import type { MemberStep } from '../../jobs/step.ts';
import { versionCheckJob } from '../../jobs/version-check-job.ts';
import { isBlueGreen } from '../target.ts';
import type { PhaseInput } from './phase.ts';
import type { UpgradeTarget } from '../target.ts';

/** A Job of this upgrade that changes nothing in Raft. */
export type Check = RepeatableJob;

export type CheckAction = Extract<MemberStep['action'], 'preflight' | 'probe-store' | 'snapshot'>;

export const executorCheck = (
  input: PhaseInput,
  jobs: readonly ObservedJob[],
  action: CheckAction,
): Check => {
  const { observation, upgrade, context } = input;
  const wanted = {
    action,
    operationId: upgrade.operationId ?? '',
    ...(action === 'preflight' && isBlueGreen(observation.cluster, upgrade) ? { movesVotes: true } : {}),
  };
  return repeatableJob(jobs, executorJob(observation.cluster, wanted, context.settings));
};

/** Asks the image itself which version it holds. */
export function versionCheck(
  { observation, context }: PhaseInput,
  jobs: readonly ObservedJob[],
  operationId: string,
  { image }: UpgradeTarget,
): Check {
  const { cluster } = observation;
  return repeatableJob(jobs, versionCheckJob(cluster, { operationId, image }, context.settings));
}
