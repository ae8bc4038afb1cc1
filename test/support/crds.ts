import { until } from '../certs/recording-logger.ts';
import type { Ground } from '../cluster/test-cluster.ts';

/**
 * Waits until CRDs are served. `kubectl wait` alone fails at one whose status has not been written at all yet.
 *
 * @param which as kubectl takes them: `-f FILE`, `crd/NAME`
 */
export async function untilEstablished(ground: Ground, ...which: readonly string[]): Promise<void> {
  await until(`${which.join(' ')} established`, async () => {
    const wait = ['wait', '--for=condition=Established', '--timeout=30s', ...which];
    return (await ground.kubectl(wait)).code === 0;
  });
}
