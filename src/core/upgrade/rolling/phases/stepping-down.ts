import type { RollingUpgrade } from '../../../../api/openbaocluster.ts';
import { omit } from '../../../../api/object-fields.ts';
import { followedJob, jobInWords } from '../../../jobs/followed-job.ts';
import { jobFailure, jobReport } from '../../../jobs/job-outcome.ts';
import { stepDownSpacingMs, unfinishedStepDowns } from '../../../raft/step-down.ts';
import { parseTimestamp, timestamp } from '../../../model/time.ts';
import { memberNamed } from '../../../model/members.ts';
import { failure } from '../failure.ts';
import { whyNotStepDown } from '../disruption-guard.ts';
import { jobLogs, remedy } from '../remedy.ts';
import { advance, hold, wait, waitBlocked, type PhaseHandler, type PhaseInput, type Step } from '../phase.ts';
import { startStepDown, stepDownEffect } from '../step-down.ts';

type StepDown = NonNullable<RollingUpgrade['stepDown']>;

/**
 * SteppingDown: the pod whose turn comes next leads, and hands over first. Whether it did is read from the members;
 * a Job's end is no proof, and a Job that vanished is not run again blindly (docs/design.md, rule 3).
 */
export const steppingDown: PhaseHandler = (input) => {
  const { upgrade, observation, peers } = input;
  const { stepDown } = upgrade;
  const { jobs } = observation;
  if (stepDown === undefined) return askAgain(input);
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const { pod, attempt } = stepDown;
  const job = followedJob(jobs.value, stepDownEffect(input, pod, attempt).object);
  const { name } = job;
  // It may act until it has ended.
  if (job.outcome === 'running') {
    const seen = omit(stepDown, 'missingSince');
    return wait(`${jobInWords(job)} to end`, { patch: { stepDown: seen } });
  }
  // Whoever brought it about: a Job that failed is no reason to hold then.
  if (peers.leader.kind === 'known' && peers.leader.value !== pod) return handedOver(input);
  if (job.outcome === 'failed' && jobReport(job.observed)?.outcome !== 'refused') {
    return hold(
      failure('StepDownFailed', jobFailure(job.observed), remedy(input, `read ${jobLogs(input, name)}`)),
      {
        patch: { stepDown: undefined },
      },
    );
  }
  if (peers.leader.kind === 'unknown') return wait(`no leader is known: ${peers.leader.cause}`);
  return job.outcome === 'absent' ? unknownOutcome(input, stepDown, name) : endedInVain(input);
};

/** It leads no more. What it leaves is gone on with where the upgrade was. */
function handedOver({ context }: PhaseInput): Step {
  // The catch-up phase goes on to the next ordinal as soon as it may.
  return advance('CatchingUp', {
    patch: { stepDown: undefined },
    statusPatch: { lastStepDownAt: timestamp(context.now) },
  });
}

/**
 * Its Job is not there and it leads: the Job was never created, has vanished, or is not in our cache yet.
 * Once that has been so for the time between two step-downs, the same Job is created again: where it does
 * exist, that changes nothing, and where it acted before it vanished, the time has passed.
 */
function unknownOutcome(input: PhaseInput, stepDown: StepDown, name: string): Step {
  const { context, observation } = input;
  const missingSince = stepDown.missingSince ?? timestamp(context.now);
  const until = (parseTimestamp(missingSince) ?? context.now) + stepDownSpacingMs;
  if (context.now < until) {
    return wait(`Job ${name} to be seen`, { until, patch: { stepDown: { ...stepDown, missingSince } } });
  }
  const { jobs, cluster } = observation;
  if (jobs.kind === 'unknown' || unfinishedStepDowns(jobs.value).length > 0) {
    return wait('an earlier step-down to end');
  }
  const ordinal = memberNamed(cluster, stepDown.pod)?.ordinal ?? -1;
  const blocked = whyNotStepDown(input, ordinal, laggingOf(input));
  if (blocked !== undefined) return waitBlocked(blocked);
  const askedAt = timestamp(context.now);
  const { pod, attempt } = stepDown;
  return wait(`Job ${name}, created again because it is missing and ${pod} is still the leader`, {
    patch: { stepDown: { pod, attempt, askedAt } },
    statusPatch: { lastStepDownAt: askedAt },
    effects: [stepDownEffect(input, pod, attempt)],
  });
}

/** The Job succeeded, and it leads: leadership came back (docs/facts/openbao-operator.md, 7.1, 13). */
function endedInVain({ context, upgrade }: PhaseInput): Step {
  return wait(`${upgrade.stepDown?.pod} leads again`, {
    patch: { stepDown: undefined },
    statusPatch: { lastStepDownAt: timestamp(context.now) },
    until: context.now + stepDownSpacingMs,
  });
}

function askAgain(input: PhaseInput): Step {
  const { upgrade, peers, replicas } = input;
  const ordinal = (upgrade.currentPartition ?? replicas) - 1;
  const name = peers.expected[ordinal]?.name;
  if (peers.leader.kind === 'unknown') return wait(`no leader is known: ${peers.leader.cause}`);
  if (name === undefined || peers.leader.value !== name) return advance('CatchingUp');
  const blocked = whyNotStepDown(input, ordinal, laggingOf(input));
  if (blocked !== undefined) return waitBlocked(blocked);
  return startStepDown(input, ordinal);
}

/** The replaced pod that still catches up, when there is one. */
function laggingOf({ upgrade, peers }: PhaseInput): string | undefined {
  const [catchingUp] = upgrade.catchUp ?? [];
  return catchingUp === undefined ? undefined : peers.expected[catchingUp.ordinal]?.name;
}
