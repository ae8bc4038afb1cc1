/** Milliseconds after which no node sends traffic any more where a Service has pointed before: kube-proxy lags. */
export const endpointPropagationMs = 5_000;

/** Failed Jobs of one phase before a blue-green upgrade goes back, where spec does not say. */
export const defaultMaxJobFailures = 3;

/** Characters of a container's last words: the kubelet keeps no more; who may write the status of a pod can write more. */
export const longestMessage = 4_096;
