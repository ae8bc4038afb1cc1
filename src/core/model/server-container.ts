import type { ContainerStatus, Pod } from '../../api/kubernetes.ts';
import { serverContainer } from './names.ts';

/** The image of OpenBao's container. */
export const imageOf = (
  spec: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] } | undefined,
): string | undefined => spec?.containers?.find(({ name }) => name === serverContainer)?.image;

/** What the kubelet says of the container that runs OpenBao, whatever else was put into the pod. */
export const serverStatus = (pod: Pod | undefined): ContainerStatus | undefined =>
  pod?.status?.containerStatuses?.find(({ name }) => name === serverContainer);

/** Whether OpenBao runs in a pod, and the pod has an address at which it could be asked. */
export const isReachable = (pod: Pod): boolean =>
  (pod.status?.podIP ?? '') !== '' && serverStatus(pod)?.state?.running !== undefined;

/** Whether a pod ever started its OpenBao. */
export function everStarted(pod: Pod): boolean {
  const { state, lastState, restartCount = 0 } = serverStatus(pod) ?? {};
  const started = [state, lastState].some(
    (each) => each?.running !== undefined || each?.terminated !== undefined,
  );
  return started || restartCount > 0;
}

/**
 * That OpenBao was started anew in its pod, and how it ended last: a clause, or undefined where it never was. No
 * DELETE says so, for the pod stays: it ended by itself, was killed, or a restart rule or a resize asked for it.
 */
export function restartInPlace(pod: Pod | undefined): string | undefined {
  const { restartCount = 0, state, lastState } = serverStatus(pod) ?? {};
  if (restartCount === 0) return undefined;
  const { reason, exitCode } = state?.terminated ?? lastState?.terminated ?? {};
  const end = [reason, exitCode === undefined ? undefined : `exit code ${exitCode}`].filter(
    (word) => word !== undefined && word !== '',
  );
  const times = restartCount === 1 ? 'once' : `${restartCount} times`;
  return `its container was restarted ${times}${end.length === 0 ? '' : `, last after ${end.join(', ')}`}`;
}
