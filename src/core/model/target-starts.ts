import type { Pod } from '../../api/kubernetes.ts';
import type { RollingUpgrade } from '../../api/openbaocluster.ts';
import { isReady } from './selectors.ts';
import { everStarted, serverStatus } from './server-container.ts';
import { startupFailure } from './startup-failure.ts';

type Unopened = NonNullable<RollingUpgrade['unopened']>;

interface Judged {
  /** Whether a start of this pod has opened the data; undefined while one runs of which that cannot be told. */
  readonly opened: boolean | undefined;
  /** What to remember of it; absent where it never started, or has opened the data. */
  readonly unopened?: Unopened;
}

/**
 * Whether the target has opened the data of this pod. It has not where each of its starts is accounted for: ended by a
 * fault that comes before that (`startupFailure`), or running and sealed. A start that nobody saw the end of, and an
 * end that says nothing, may have opened it (docs/design.md, rule 2).
 *
 * @param sealed whether the server says that it is sealed, or has not joined; undefined where it says nothing
 * @param before what was remembered of it
 */
export function targetStarts(
  pod: Pod,
  sealed: boolean | undefined,
  before: RollingUpgrade['unopened'],
): Judged {
  const podUID = pod.metadata.uid ?? '';
  // Another pod was there, and is gone: of its very last moments nobody knows.
  if (before !== undefined && before.podUID !== podUID) return { opened: true };
  if (sealed === false || isReady(pod)) return { opened: true };
  if (!everStarted(pod)) {
    // What was seen, the kubelet has forgotten, and with it what nobody has seen.
    if (before !== undefined) return { opened: true };
    // One that answers before the kubelet says that it runs.
    return { opened: sealed === undefined ? false : undefined };
  }
  const { state, lastState, restartCount = 0 } = serverStatus(pod) ?? {};
  const isRunning = state?.running !== undefined;
  // All that have ended, of which the newest are to be seen.
  const ended = isRunning ? restartCount : restartCount + 1;
  const seen = [state?.terminated, lastState?.terminated].filter((end) => end !== undefined);
  const unaccounted = ended - (before?.starts ?? 0);
  const isAccounted =
    // Fewer than were seen: it counts from the containers that are left, and says nothing of the others.
    unaccounted >= 0 &&
    unaccounted <= seen.length &&
    seen.slice(0, unaccounted).every((end) => startupFailure(end) !== undefined);
  if (!isAccounted) return { opened: true };
  const unopened = { podUID, starts: ended };
  if (!isRunning) return { opened: false, unopened };
  return sealed === true
    ? { opened: false, unopened: { ...unopened, sealed: true } }
    : { opened: undefined, unopened };
}

/** Whether it is recorded that the target has started, and opened no data. */
export const isUnopened = ({
  unopened,
  targetStarted,
}: Pick<RollingUpgrade, 'unopened' | 'targetStarted'>): boolean =>
  unopened !== undefined && targetStarted !== true;

/**
 * The same for who asks no server: whether the pod in work, as it is, is known not to have opened the data. A start
 * that runs counts as sealed where the controller saw it so.
 */
export function isKnownUnopened(pod: Pod, upgrade: RollingUpgrade): boolean {
  const { unopened } = upgrade;
  if (unopened === undefined || !isUnopened(upgrade)) return false;
  const isRunning = serverStatus(pod)?.state?.running !== undefined;
  return targetStarts(pod, isRunning ? unopened.sealed : undefined, unopened).opened === false;
}
