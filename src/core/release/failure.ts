import type { ContainerStatus, Deployment, Pod } from '../../api/kubernetes.ts';
import { defined } from '../../api/object-fields.ts';
import { deploymentsOf, podsOf, type ReleaseObservation } from './observation.ts';

/** Why a release is not well. */
interface ReleaseFailure {
  /** As Kubernetes calls it; of the pod, its container, or its Deployment. */
  readonly reason: string;
  readonly message: string;
  /** Waiting does not mend it: with `failFast` it fails the release at once. */
  readonly isTerminal: boolean;
}

/**
 * Waiting reasons of a container that are errors (specification, page 003, and those it misses:
 * docs/facts/metadataservices.md, T14).
 */
const errors: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'CrashLoopBackOff',
  'CreateContainerError',
  'CreateContainerConfigError',
  'RunContainerError',
  'StartError',
]);

/** A container that ended so often within one window does not come up by itself. */
const manyRestarts = 3;

const longest = 300;
const bounded = (text: string) => (text.length > longest ? `${text.slice(0, longest)}…` : text);

/** All that is wrong with a release, what says most first. */
export function releaseFailures(observation: ReleaseObservation, version: string): readonly ReleaseFailure[] {
  const refused = (observation.refused ?? []).filter(({ kind }) => kind === 'Deployment');
  return [
    ...refused.map(({ name, message }) => ({
      reason: 'ApplyRefused',
      message: bounded(`the API server refuses Deployment ${name}: ${message}`),
      isTerminal: true,
    })),
    ...podsOf(observation, version).flatMap(podFailures),
    ...deploymentsOf(observation, version).flatMap(creationFailures),
  ].toSorted((a, b) => weight(a) - weight(b));
}

/** The root before what follows from it. */
const weight = ({ reason, isTerminal }: ReleaseFailure) =>
  isTerminal
    ? 0
    : 1 + ['CrashLoopBackOff', 'OOMKilled', 'FailedCreate', 'Pending', 'NotReady'].indexOf(reason);

function podFailures({ metadata, status }: Pod): readonly ReleaseFailure[] {
  const where = `pod ${metadata.name}`;
  if (status?.phase === 'Failed') {
    const why = [status.reason, status.message].filter(Boolean).join(': ');
    return [{ reason: 'Failed', message: bounded(`${where} failed: ${why}`), isTerminal: true }];
  }
  const init = status?.initContainerStatuses ?? [];
  const own = status?.containerStatuses ?? [];
  const found = [
    ...init.flatMap((each) => containerFailure(each, `${where}, init container ${each.name}`)),
    ...own.flatMap((each) => containerFailure(each, `${where}, container ${each.name}`)),
  ];
  if (found.length > 0) return found;
  if (isReady({ metadata, ...defined({ status }) })) return [];
  if (status?.phase === 'Running') {
    return [{ reason: 'NotReady', message: `${where} is running but not ready`, isTerminal: false }];
  }
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const creating = [...init, ...own].find(({ state }) => state?.waiting !== undefined);
  const image = creating?.image === undefined || creating.image === '' ? '' : ` (${creating.image})`;
  const what =
    scheduled?.status === 'False'
      ? `is not scheduled: ${[scheduled.reason, scheduled.message].filter(Boolean).join(': ')}`
      : `is not running yet: ${creating?.state?.waiting?.reason ?? status?.phase ?? 'not started'}${image}`;
  return [{ reason: 'Pending', message: bounded(`${where} ${what}`), isTerminal: false }];
}

function containerFailure(
  { state, lastState, restartCount = 0, ready }: ContainerStatus,
  where: string,
): readonly ReleaseFailure[] {
  const { reason = '', message = '' } = state?.waiting ?? {};
  const ended = state?.terminated ?? lastState?.terminated;
  const isOut = ended?.reason === 'OOMKilled';
  const exit = ended === undefined ? '' : `, last with ${ended.reason ?? 'exit'} (${ended.exitCode ?? '?'})`;
  if (errors.has(reason)) {
    // Why it crashes says more than that it does.
    const why = reason === 'CrashLoopBackOff' && isOut ? 'OOMKilled' : reason;
    const what = reason === 'CrashLoopBackOff' ? `ended ${restartCount} times${exit}` : message || reason;
    return [{ reason: why, message: bounded(`${where}: ${what}`), isTerminal: true }];
  }
  // Between two back-offs it runs for a moment, or has just ended. An init container may end well.
  if (ready === true || ended === undefined || ended.exitCode === 0) return [];
  const times = restartCount + (state?.terminated === undefined ? 0 : 1);
  return [
    {
      reason: isOut ? 'OOMKilled' : 'CrashLoopBackOff',
      message: bounded(`${where}: ended ${times} times${exit}`),
      isTerminal: times >= manyRestarts,
    },
  ];
}

/** Quota and admission refuse pods where only the ReplicaSet sees it; its Deployment repeats it. */
function creationFailures({ metadata, status }: Deployment): readonly ReleaseFailure[] {
  const refused = status?.conditions?.find(
    ({ type, status: is }) => type === 'ReplicaFailure' && is === 'True',
  );
  if (refused === undefined) return [];
  const message = bounded(`Deployment ${metadata.name}: ${refused.message ?? ''}`);
  return [{ reason: refused.reason ?? 'FailedCreate', message, isTerminal: false }];
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

/** All restarts of the containers of a release, so far. */
export function restartsOf(observation: ReleaseObservation, version: string): number {
  return podsOf(observation, version)
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}
