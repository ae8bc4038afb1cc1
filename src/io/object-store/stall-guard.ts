/** Ends work that makes no progress, or whose caller has had enough. */
export interface StallGuard {
  /** For the work: aborts with the stall or with the caller's reason. */
  readonly signal: AbortSignal;
  /** Something moved: the time begins anew. */
  progressed(): void;
  /** It is not the work's turn: the time stands still until it progresses again. */
  pause(): void;
  /** Must be called when the work is over. */
  end(): void;
}

/**
 * @param stallMs milliseconds without progress
 * @param stalled makes the reason to give up
 * @param caller the caller's signal
 */
export function guardAgainstStall(
  stallMs: number,
  stalled: () => Error,
  caller: AbortSignal | undefined,
): StallGuard {
  const own = new AbortController();
  const signal = caller === undefined ? own.signal : AbortSignal.any([own.signal, caller]);
  const start = () => setTimeout(() => own.abort(stalled()), stallMs);
  let timer = start();
  const stop = () => clearTimeout(timer);
  return {
    signal,
    progressed() {
      stop();
      timer = start();
    },
    pause: stop,
    end: stop,
  };
}

/** The outcome of the work, or a rejection with the signal's reason as soon as that aborts. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The same chunks, until the signal aborts: also when the source sends nothing more and does not end. */
export async function* chunksUntilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal === undefined) {
    yield* source;
    return;
  }
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untilAborted(chunks.next(), signal);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a source that hangs in next() would hang here too.
    void Promise.resolve(chunks.return?.()).catch(() => {});
  }
}
