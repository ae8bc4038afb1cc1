import { ports } from '../model/names.ts';

/**
 * The kubelet asks over HTTPS without verifying, so it needs no CA; and no token: sys/health is open.
 * Each code that is not 2xx fails.
 */
const health = (scheme: 'HTTP' | 'HTTPS', query: string) => ({
  httpGet: { path: `/v1/sys/health?${query}`, port: ports.api, scheme },
});

export function probes(tls: boolean): { readonly readinessProbe: object; readonly livenessProbe: object } {
  const scheme = tls ? 'HTTPS' : 'HTTP';
  return {
    /** Unsealed, leading or following. Often, because every step of an upgrade waits for it. */
    readinessProbe: {
      ...health(scheme, 'standbyok=true'),
      periodSeconds: 1,
      timeoutSeconds: 3,
      failureThreshold: 3,
    },
    /**
     * Answers at all: a sealed or uninitialized server waits for something that a restart does not bring.
     * Patient, because the first start initializes before it listens (35 s at most) and a step-down may wait
     * for requests of up to 90 s.
     */
    livenessProbe: {
      ...health(scheme, 'standbyok=true&sealedcode=204&uninitcode=204'),
      initialDelaySeconds: 60,
      periodSeconds: 15,
      timeoutSeconds: 10,
      failureThreshold: 10,
    },
  };
}
