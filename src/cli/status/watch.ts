import { ApiError } from '../../io/kubernetes/kubernetes.ts';
import type { Reader, Reading } from './reader.ts';
import { needsPerson } from './state.ts';
import type { ClusterView } from './view.ts';

/** How often a watched cluster is read, in milliseconds. Steps of an upgrade take seconds. */
const pollMs = 1000;

/** What became of what was waited for. */
type Ending = 'done' | 'stopped' | 'gone' | 'late';

interface WatchOptions {
  readonly view: (reading: Reading) => ClusterView;
  /** Takes each reading, changed or not. */
  readonly show: (view: ClusterView) => void;
  /** Told once when the API server stops answering, and by undefined when it answers again. */
  readonly trouble: (message: string | undefined) => void;
  /** Whether a cluster with nothing under way is watched until something is. */
  readonly stay: boolean;
  /** Default: never late. */
  readonly timeoutMs?: number | undefined;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * Watches a cluster until what is under way is done, or needs a person. An API server that
 * does not answer is asked again: it may well be restarted in the course of an upgrade.
 *
 * @param first what was read to begin with
 * @throws ApiError when the server refuses to be asked (401, 403)
 */
export async function watchUntilEnd(first: Reading, reader: Reader, options: WatchOptions): Promise<Ending> {
  const { view, show, trouble, stay, timeoutMs = Infinity, now, sleep } = options;
  const start = now();
  let sawWork = !stay;
  let last = first;
  for (;;) {
    const seen = view(last);
    show(seen);
    if (needsPerson(seen.state)) return 'stopped';
    sawWork ||= seen.state !== 'settled';
    if (seen.state === 'settled' && sawWork) return 'done';
    if (now() - start >= timeoutMs) return 'late';
    await sleep(pollMs);
    const next = await read(reader, trouble);
    if (next === 'gone') return seen.state === 'deleting' ? 'done' : 'gone';
    last = next ?? last;
  }
}

/** @returns undefined when the server did not answer, or could not just now */
async function read(reader: Reader, trouble: WatchOptions['trouble']): Promise<Reading | 'gone' | undefined> {
  try {
    const reading = await reader.read();
    trouble(undefined);
    return reading ?? 'gone';
  } catch (error) {
    if (!(error instanceof ApiError) || !passes(error)) throw error;
    trouble(error.message);
    return undefined;
  }
}

const passes = ({ status }: ApiError) => status === 0 || status === 429 || status >= 500;
