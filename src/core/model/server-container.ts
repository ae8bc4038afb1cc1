import type { ContainerStatus, Pod } from '../../api/kubernetes.ts';
import { serverContainer } from './names.ts';

/** The image of OpenBao's container. */
export const imageOf = (
  spec: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] } | undefined,
): string | undefined => spec?.containers?.find(({ name }) => name === serverContainer)?.image;

/** What the kubelet says of the container that runs OpenBao, whatever else was put into the pod. */
export const serverStatus = (pod: Pod | undefined): ContainerStatus | undefined =>
  pod?.status?.containerStatuses?.find(({ name }) => name === serverContainer);

/** Whether a pod ever started its OpenBao. */
export function everStarted(pod: Pod): boolean {
  const { state, lastState, restartCount = 0 } = serverStatus(pod) ?? {};
  const started = [state, lastState].some(
    (each) => each?.running !== undefined || each?.terminated !== undefined,
  );
  return started || restartCount > 0;
}
