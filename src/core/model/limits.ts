/** Milliseconds after which no node sends traffic any more where a Service has pointed before: kube-proxy lags. */
export const endpointPropagationMs = 5_000;

/** Characters of a container's last words: the kubelet keeps no more; who may write the status of a pod can write more. */
export const longestMessage = 4_096;
