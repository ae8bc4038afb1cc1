import type { KubernetesObject } from '../../../api/kubernetes.ts';
import { defined } from '../../../api/object-fields.ts';
import type { Effect } from '../../model/decision.ts';
import type { ObservedJob } from '../../model/observation.ts';
import { executorJob } from '../../jobs/executor-job.ts';
import { followedJob, jobInWords, provedOutcome, recordedJob } from '../../jobs/followed-job.ts';
import { jobFailure } from '../../jobs/job-outcome.ts';
import { deletionOf } from '../../jobs/repeatable-job.ts';
import type { DeadServerCleanupStep, ExecutorStep, HalvesStep, MemberStep } from '../../jobs/step.ts';
import { unfinishedJobs, unfinishedRaftChanges } from '../../jobs/unfinished.ts';
import { nextStepDownAt, stepDownSpacingMs } from '../../raft/step-down.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { fail, wait, type PhaseInput, type Step } from './phase.ts';

/**
 * Milliseconds after which a Job that is not seen is created again. It was never created, has vanished, or is not
 * in our cache yet; where it does exist, that changes nothing, and where it acted before it vanished, it goes on from
 * where it stopped, as late after its step-down as any other.
 */
const missingMs = stepDownSpacingMs;

/**
 * Brings about what `isDone` sees in Raft, by the Job of this phase. What Raft says counts, not the Job's word
 * (docs/design.md, rule 3); but a Job that runs may still act, so its end is awaited in any case.
 *
 * @param isDone whether Raft is as the Job is to leave it; undefined while that cannot be told
 * @returns undefined when it is done
 */
export function ensureByJob(
  input: PhaseInput,
  action: HalvesStep['action'],
  isDone: boolean | undefined,
): Step | undefined {
  return run(input, { action, halves: input.halves, ...identity(input) }, isDone);
}

/** The same for a part of what the Job does: once it is to be seen, the end of the Job is left to a later phase. */
export const ensureStarted = (
  input: PhaseInput,
  action: HalvesStep['action'],
  isDone: boolean | undefined,
): Step | undefined => (isDone === true ? undefined : ensureByJob(input, action, isDone));

/** The same for what the membership alone does not show: a Job of this attempt must have seen to it, too. */
export function carriedOutByJob(
  input: PhaseInput,
  action: HalvesStep['action'],
  isDone: boolean | undefined,
): Step | undefined {
  const wanted = { action, halves: input.halves, ...identity(input) };
  return run(input, wanted, isDone === true ? hasSucceeded(input, wanted) : isDone);
}

/** Lets autopilot remove dead servers, or not. */
export function deadServerCleanupSet(
  input: PhaseInput,
  enabled: DeadServerCleanupStep['enabled'],
): Step | undefined {
  const { halves } = input;
  const wanted = { action: 'dead-server-cleanup' as const, enabled, halves, ...identity(input) };
  return run(input, wanted, hasSucceeded(input, wanted));
}

/** The member of this name does not lead. */
export function steppedDown(input: PhaseInput, pod: string): Step | undefined {
  const { leader } = input.peers;
  const wanted = { action: 'step-down' as const, pod, ...identity(input) };
  return run(input, wanted, leader.kind === 'unknown' ? undefined : leader.value !== pod);
}

type JobOfUpgrade = HalvesStep | DeadServerCleanupStep | MemberStep;

/** Those that may let a leader step down at once. */
const stepsDown = ({ action }: Pick<ExecutorStep, 'action'>): boolean =>
  action === 'repair-consensus' || action === 'step-down';

function hasSucceeded(
  { observation: { jobs, cluster }, context }: PhaseInput,
  wanted: JobOfUpgrade,
): boolean {
  const object = executorJob(cluster, wanted, context.settings);
  return jobs.kind === 'known' && provedOutcome(followedJob(jobs.value, object)) === 'succeeded';
}

const identity = ({ blueGreen: { operationId = '', attempt } }: PhaseInput) => ({
  operationId,
  ...defined({ attempt }),
});

function run(input: PhaseInput, wanted: JobOfUpgrade, isDone: boolean | undefined): Step | undefined {
  const { observation, blueGreen, context } = input;
  const { jobs, cluster } = observation;
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const object = executorJob(cluster, wanted, context.settings);
  const job = followedJob(jobs.value, object);
  const { name } = job;
  const { unbelieved, isUnproved } = job.observed ?? {};
  // Raft counts, not its word. What is not done yet is done by one of ours, under another name; where this is ours
  // and only its pod is doubted, a next one would be as this is.
  const isFollowed = unbelieved === 'ended' && isDone === false && isUnproved === true;
  const isPast = isFollowed || (unbelieved === 'ended' && isDone === true);
  if (job.outcome === 'running' && !isPast) {
    // A person's turn, or that of the Job's own deadline: no incident comes of it.
    return wait(`${jobInWords(job)} to end`, unbelieved === undefined ? {} : { isOpenEnded: true });
  }
  if (isDone === true) return undefined;
  if (job.outcome === 'failed') {
    return fail('UpgradeJobFailed', jobFailure(job.observed), { patch: { lastJobFailure: name } });
  }
  if (isDone === undefined) return wait(whyUntold(input));
  const askedAt = blueGreen.job === name ? parseTimestamp(blueGreen.jobStartedAt) : undefined;
  if (job.outcome === 'succeeded' || isFollowed) {
    // A joiner came after it, or leadership came back: once more, under another name. At once where another followed it.
    const isLate = askedAt === undefined || context.now >= askedAt + missingMs;
    const again = { patch: { attempt: (blueGreen.attempt ?? 0) + 1 }, until: context.now };
    return wait(`Raft to be as Job ${name} says`, isLate ? again : {});
  }
  if (askedAt !== undefined && context.now < askedAt + missingMs) {
    return wait(`Job ${name} to be seen`, { until: askedAt + missingMs });
  }
  return whyNotStart(input, wanted, jobs.value, name) ?? start(input, wanted, object);
}

/** Why it cannot be told whether Raft is as it is to be. */
function whyUntold({ observation: { raft }, peers: { leader } }: PhaseInput): string {
  const read = 'the Raft membership could not be read';
  if (raft.kind === 'unknown') return `${read}: ${raft.cause}`;
  return leader.kind === 'unknown' ? `no leader is known: ${leader.cause}` : read;
}

/** Those that bring green votes. */
const forward = ['promote-green', 'hand-over-to-green'] as const;

/**
 * One Job at a time changes Raft, also where the phase has changed while one runs: two that want opposite things
 * would undo each other's changes. And no two step-downs close together.
 */
function whyNotStart(
  { blueGreen, status, context }: PhaseInput,
  wanted: ExecutorStep,
  jobs: readonly ObservedJob[],
  name: string,
): Step | undefined {
  const [other] = unfinishedRaftChanges(jobs, name);
  // Kubernetes ends it at its own deadline.
  if (other !== undefined) {
    const isForward = forward.some((each) => unfinishedJobs([other], each).length > 0);
    const isStopped = wanted.action === 'repair-consensus' && isForward;
    return wait(`Job ${other.job.metadata.name} to end`, {
      isOpenEnded: true,
      ...(isStopped ? stopped(other) : {}),
    });
  }
  const { job: last = name, jobStartedAt } = blueGreen;
  const unseenUntil = (parseTimestamp(jobStartedAt) ?? 0) + missingMs;
  if (last !== name && recordedJob(jobs, last).outcome === 'absent' && context.now < unseenUntil) {
    return wait(`Job ${last} to be seen`, { until: unseenUntil });
  }
  // The program keeps the distance, too; one that may step down at once is not even started before.
  const until = stepsDown(wanted) ? nextStepDownAt(status) : 0;
  return until <= context.now
    ? undefined
    : wait('a step-down follows another after 15 s at the earliest', { until });
}

/**
 * Votes that are to come back shall not first go all the way. Its program stops between two changes, and the Job
 * stays to be seen until its pod is gone.
 */
const stopped = (observed: ObservedJob): Pick<Step & { kind: 'wait' }, 'patch' | 'effects'> => ({
  // It was seen: once it is no more, nothing acts.
  patch: { job: undefined, jobStartedAt: undefined },
  effects: deletionOf(observed),
});

function start({ context }: PhaseInput, wanted: JobOfUpgrade, object: KubernetesObject): Step {
  const now = timestamp(context.now);
  const name = object.metadata?.name ?? '';
  const effect: Effect = { kind: 'create', object };
  return wait(`Job ${name}`, {
    patch: { job: name, jobStartedAt: now },
    ...(stepsDown(wanted) ? { statusPatch: { lastStepDownAt: now } } : {}),
    effects: [effect],
  });
}
