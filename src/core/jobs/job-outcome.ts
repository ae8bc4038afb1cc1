import type { ContainerStatus, Job, Pod } from '../../api/kubernetes.ts';
import { clusterLabel } from '../../api/labels.ts';
import { defined, omit } from '../../api/object-fields.ts';
import type { ObservedJob } from '../model/observation.ts';
import { controllerOf } from '../model/controller-of.ts';
import { longestMessage } from '../model/limits.ts';
import { parseTimestamp } from '../model/time.ts';
import { executorReportOf, type ExecutorReport } from './executor-report.ts';
import { podDifferences } from './pod-of-job.ts';

export type JobOutcome = 'running' | 'succeeded' | 'failed';

/**
 * Milliseconds after its end in which a Job's last words are waited for: Jobs and pods are watched apart, and the news
 * of the Job may come first. A pod that is gone says nothing any more.
 */
const wordsDueMs = 30_000;

/**
 * Joins a Job to what its pod says. `pods` may hold other Jobs' pods too. Its labels say nothing: anybody may write
 * them, and Kubernetes itself adopts a pod that has them. Where it is not sure that its one pod runs what the Job asks
 * for, what it says does not count, and the Job's success as little.
 *
 * @param now milliseconds since the epoch
 */
export function observeJob(job: Job, pods: readonly Pod[], now: number): ObservedJob {
  const own = pods.filter((each) => controllerOf(each) === job.metadata.uid);
  const doubt = doubtOf(job, own);
  if (doubt !== undefined) {
    // Its failure is no success of anybody's.
    return conditionOf(job, 'Failed') === undefined ? unbelieved(job, doubt) : { job, podReason: doubt };
  }
  const [pod] = own;
  const state = stateOf(job, pod);
  const message = state?.terminated?.message?.slice(0, longestMessage);
  const hindrance = pod === undefined ? undefined : hindranceOf(pod, state);
  const hasEnded =
    state?.terminated !== undefined || ['Succeeded', 'Failed'].includes(pod?.status?.phase ?? '');
  const endedAt = parseTimestamp(conditionOf(job, 'Complete', 'Failed')?.lastTransitionTime) ?? -Infinity;
  const isReportPending = !hasEnded && now - endedAt < wordsDueMs;
  const hasSucceeded = state?.terminated?.exitCode === 0;
  // Kubernetes counts the success of any pod that it adopts, and the next look cannot tell whose it was.
  const isUnwitnessed = pod === undefined && !isReportPending && conditionOf(job, 'Complete') !== undefined;
  if (isUnwitnessed) return { job, isUnwitnessed, podReason: unwitnessed(job) };
  const interrupted = isReportPending ? undefined : interruptionOf(job, pod, state);
  return {
    job,
    ...(isReportPending ? { isReportPending } : {}),
    ...(hasSucceeded ? { hasSucceeded } : {}),
    ...defined({ message, podReason: hindrance, interrupted }),
  };
}

/**
 * How a failed Job's pod was taken away from outside, by a drain or a person; undefined where it has failed by itself. One
 * whose time is up was ended by Kubernetes, and one that wrote more than it may by the kubelet: so would the next be. What
 * a pod says while it is ended is about its end.
 */
function interruptionOf(job: Job, pod: Pod | undefined, state: ContainerStatus['state']): string | undefined {
  const failure = conditionOf(job, 'Failed');
  if (failure === undefined || failure.reason === 'DeadlineExceeded') return undefined;
  if (pod === undefined) return 'its pod was deleted before it said how it ended';
  const { metadata, status } = pod;
  if (ownLimit.test(status?.message ?? '')) return undefined;
  const disrupted = status?.conditions?.find(
    (each) => each.type === 'DisruptionTarget' && each.status === 'True',
  );
  const evicted = disrupted?.reason ?? (status?.reason === 'Evicted' ? status.reason : undefined);
  if (disrupted !== undefined || evicted !== undefined)
    return `its pod ${metadata.name} was evicted${evicted === undefined ? '' : ` (${evicted})`}`;
  if (metadata.deletionTimestamp !== undefined) return `its pod ${metadata.name} was deleted`;
  const { exitCode = 0, reason } = state?.terminated ?? {};
  return signals.has(exitCode) && reason !== 'OOMKilled'
    ? `its container was ended by signal ${exitCode - 128}`
    : undefined;
}

/** How the kubelet says that a pod wrote more than it may: a LimitRange of the namespace may set a limit of its storage. */
const ownLimit = /exceeds the (?:total )?limit|exceeded its local ephemeral storage limit/;

/** Exit codes of programs that were told to end, or killed. Others, such as of a crash, are the program's own. */
const signals: ReadonlySet<number> = new Set([128 + 9, 128 + 15]);

const unwitnessed = ({ metadata: { name = '', namespace = '' } }: Job) =>
  `it is Complete, but its pod is gone, so that nobody knows what has succeeded; to run it again: kubectl delete job ${name} -n ${namespace}`;

/** A Job whose report does not count: without its words, and as one that runs. */
export const unbelieved = (job: Job, podReason: string): ObservedJob => ({
  job: omit(job, 'status'),
  podReason,
  unbelieved: conditionOf(job, 'Complete', 'Failed') === undefined ? 'running' : 'ended',
});

/** Why it is not sure what a Job's pods say; undefined where it is. Our Jobs have one pod each. */
function doubtOf(job: Job, [pod, ...others]: readonly Pod[]): string | undefined {
  if (pod === undefined) return undefined;
  const { name = '', namespace = '' } = job.metadata;
  const remedy = `kubectl delete job ${name} -n ${namespace}`;
  if (others.length > 0) {
    const names = [pod, ...others].map(({ metadata }) => metadata.name ?? '').toSorted();
    return `more than one pod is there for it (${names.join(', ')}), so no report counts: ${remedy}`;
  }
  const differences = podDifferences(job, pod);
  if (differences.length === 0) return undefined;
  return `the pod ${pod.metadata.name} does not run what its Job asks for (${differences.join(', ')}), so its report does not count. Where a policy changes the pods of Jobs, except those with the label ${clusterLabel}; then: ${remedy}`;
}

/**
 * Whether a Job has ended, and how. A Job that is being brought to its end still counts as running:
 * its container may be at work until the Job says Failed; and so does one whose last words are still to come.
 * Where its one container has succeeded nothing is at work any more: Kubernetes says Complete two seconds later.
 */
export function jobOutcome(observed: ObservedJob): JobOutcome {
  if (observed.isReportPending === true) return 'running';
  if (conditionOf(observed.job, 'Complete') !== undefined) return 'succeeded';
  if (conditionOf(observed.job, 'Failed') !== undefined) return 'failed';
  return observed.hasSucceeded === true ? 'succeeded' : 'running';
}

/** What the executor reported; undefined while it runs, when it crashed, and for a Job that is no executor's. */
export const jobReport = (observed: ObservedJob | undefined): ExecutorReport | undefined =>
  observed?.message === undefined ? undefined : executorReportOf(observed.message);

/** Why a Job failed, in words for a status: its own report, else what Kubernetes says of it. */
export function jobFailure(observed: ObservedJob): string {
  const name = observed.job.metadata.name ?? '';
  const report = jobReport(observed);
  const { interrupted } = observed;
  if (report !== undefined) {
    const said = `${report.reason}: ${report.message}`;
    return interrupted === undefined ? said : `Job ${name}: ${interrupted}; it said ${said}`;
  }
  const failed = observed.job.status?.conditions?.find(({ type }) => type === 'Failed');
  const said = [
    interrupted,
    failed?.reason,
    failed?.message,
    observed.podReason,
    shortened(observed.message),
  ];
  const words = said.filter((word) => word !== undefined && word !== '');
  return `Job ${name}: ${words.length === 0 ? 'it failed and said nothing' : words.join(': ')}`;
}

/** What keeps a running Job from starting, such as an image that cannot be pulled; undefined when nothing does. */
export const jobHindrance = (observed: ObservedJob | undefined): string | undefined =>
  observed !== undefined && jobOutcome(observed) === 'running' ? observed.podReason : undefined;

/**
 * The version that an image says it holds: the first line of `bao version`, such as
 * `OpenBao v2.5.5 (bb8b4d3), built 2026-03-01T12:00:00Z`. Without the v; undefined when there is none.
 */
export const versionOf = (message: string): string | undefined =>
  /^OpenBao v(\d+\.\d+\.\d+(?:[A-Za-z.+-][0-9A-Za-z.+-]*)?)(?:[\s,(]|$)/m.exec(
    message.slice(0, longestMessage),
  )?.[1];

/** The condition of one of these types that is true. */
const conditionOf = ({ status }: Job, ...types: readonly string[]) =>
  status?.conditions?.find((condition) => condition.status === 'True' && types.includes(condition.type));

/** The end of a log, where the error stands. */
const shortened = (text: string | undefined) => text?.trim().slice(-500);

/** Of the container that the Job is there for; others may have put more into its pod, such as a mesh's. */
function stateOf({ spec }: Job, pod: Pod | undefined): ContainerStatus['state'] {
  const [own] = spec?.template?.spec?.containers ?? [];
  return pod?.status?.containerStatuses?.find(({ name }) => name === own?.name)?.state;
}

/** Why the pod's container does not run: it was evicted, waits for more than its turn, or the pod found no node. */
function hindranceOf(pod: Pod, state: ContainerStatus['state']): string | undefined {
  const { waiting, terminated } = state ?? {};
  if (pod.status?.reason !== undefined) return words(pod.status);
  if (waiting?.reason !== undefined && !ordinary.has(waiting.reason)) return words(waiting);
  if (terminated?.reason !== undefined && !ended.has(terminated.reason)) return terminated.reason;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return scheduled?.status === 'False' ? words(scheduled) : undefined;
}

const ordinary = new Set(['ContainerCreating', 'PodInitializing']);
/** Completed and Error say no more than the Job does; OOMKilled, ContainerCannotRun and the like do. */
const ended = new Set(['Completed', 'Error']);

const words = ({ reason, message }: { readonly reason?: string; readonly message?: string }) =>
  [reason, message].filter((word) => word !== undefined && word !== '').join(': ');
