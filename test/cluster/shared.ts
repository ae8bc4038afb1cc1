import { constants } from 'node:os';
import { atEnd } from '../support/setup.ts';
import { startGround, type Ground, type GroundSize } from './test-cluster.ts';

/**
 * For the `before` hook that starts a ground. Warm it takes seconds; with an empty cache the
 * components are built first, which takes some 12 minutes on two cores.
 */
export const groundTimeoutMs = 30 * 60_000;

const grounds = new Map<GroundSize, Promise<Ground>>();

/**
 * The ground of this size that the suites of one process share: started for the first
 * that asks, stopped after the last test. A start that failed fails for all, at once.
 *
 * A suite keeps to namespaces of its own and removes its cluster-wide objects.
 */
export function sharedCluster(size: GroundSize): Promise<Ground> {
  if (grounds.size === 0) {
    exitOnSignals();
    atEnd(stopGrounds);
  }
  const ground = grounds.get(size) ?? startGround({ size });
  grounds.set(size, ground);
  return ground;
}

/** A signal ends mocha without an `exit` event, at which the grounds are removed. */
function exitOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => process.exit(128 + constants.signals[name]));
  }
}

async function stopGrounds(): Promise<void> {
  for (const ground of grounds.values()) {
    // A start that failed has failed its suites already.
    const started = await ground.catch(() => undefined);
    await started?.stop();
  }
  grounds.clear();
}
