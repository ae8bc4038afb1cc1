/** Milliseconds after which no node sends traffic any more where a Service has pointed before: kube-proxy lags. */
export const endpointPropagationMs = 5_000;
