import { readFiles, watchDirectory } from './files.ts';
import type { Logger } from './logger.ts';
import type { KeyPair } from './material.ts';
import { ownCaKeeper, type SecretSource } from './own-ca.ts';

export type { Logger } from './logger.ts';

/** Somebody else's certificate as files: cert-manager's, say. The caBundle is their business too. */
interface FilesSource {
  readonly kind: 'files';
  /** Holds `tls.crt` and `tls.key`. */
  readonly directory: string;
}

interface ServingOptions {
  readonly source: SecretSource | FilesSource;
  readonly logger: Logger;
  /** Told of each reading of the certificate, and of each one that failed. */
  readonly observe?: ((event: 'read' | 'error') => void) | undefined;
  /** Milliseconds between readings, more or less a fifth. Default 3 000 for a Secret, 10 000 for files. */
  readonly intervalMs?: number | undefined;
  /** Milliseconds since 1970. Default Date.now. */
  readonly clock?: (() => number) | undefined;
}

/** The certificate to serve with, kept good for as long as it runs. */
export interface ServingCertificate {
  /** The last good pair. @throws Error before `start` has resolved */
  current(): KeyPair;
  /** Calls the listener with each pair that comes from now on, such as `https.Server.setSecureContext`. */
  onChange(listener: (pair: KeyPair) => void): void;
  /**
   * Resolves when there is a pair to serve with; tries until there is. Goes on until `signal` or `stop`.
   *
   * @throws the signal's reason if it comes before there is a pair; Error when started twice
   */
  start(signal?: AbortSignal): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

const maxBackoffMs = 30_000;

/** Milliseconds that files get to be written to their end, once one has changed. */
const settleMs = 100;

/** docs/operations/certificates.md says what it does. */
export function servingCertificate(options: ServingOptions): ServingCertificate {
  const { source, logger } = options;
  const intervalMs = options.intervalMs ?? (source.kind === 'secret' ? 3_000 : 10_000);
  const listeners: ((pair: KeyPair) => void)[] = [];
  const stopping = new AbortController();
  let current: KeyPair | undefined;
  let running: Promise<void> | undefined;

  const use = (pair: KeyPair) => {
    if (current?.cert === pair.cert && current.key === pair.key) return;
    logger.info(
      {},
      current === undefined ? 'loaded the serving certificate' : 'reloaded the serving certificate',
    );
    current = pair;
    for (const listener of listeners) {
      try {
        listener(pair);
      } catch (error) {
        logger.error({ err: error }, 'the reloaded serving certificate was not taken');
      }
    }
  };

  const run = async (signal: AbortSignal, loaded: () => void) => {
    const look = lookAt(options);
    const alarm = alarmClock(signal);
    const unwatch = source.kind === 'files' ? watchDirectory(source.directory, alarm.ring) : undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await look(use, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        logger.warn({ err: error, failures }, 'the serving certificate could not be read or kept');
      }
      if (current !== undefined) loaded();
      await alarm.sleep(jittered(failures === 0 ? intervalMs : backoffMs(failures, intervalMs)));
    }
    unwatch?.();
  };

  return {
    current() {
      if (current === undefined) throw new Error('there is no serving certificate yet');
      return current;
    },
    onChange: (listener) => void listeners.push(listener),
    async start(given) {
      if (running !== undefined) throw new Error('the serving certificate is already being kept');
      const signal = given === undefined ? stopping.signal : AbortSignal.any([given, stopping.signal]);
      const first = Promise.withResolvers<void>();
      running = run(signal, first.resolve).finally(() => first.reject(signal.reason));
      await first.promise;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

type Look = (use: (pair: KeyPair) => void, signal: AbortSignal) => Promise<void>;

/** The function that looks at the source once, and hands over the pair that is there. */
function lookAt({ source, logger, observe = () => {}, clock = Date.now }: ServingOptions): Look {
  if (source.kind === 'secret') {
    const keep = ownCaKeeper(source);
    return (use, signal) => keep({ now: clock(), logger, observe, use, signal });
  }
  return async (use) => {
    try {
      const pair = await readFiles(source.directory);
      observe('read');
      use(pair);
    } catch (error) {
      observe('error');
      throw error;
    }
  };
}

/** So that replicas that were started together do not read together for ever. */
const jittered = (delayMs: number) => delayMs * (0.8 + Math.random() * 0.4);

const backoffMs = (failures: number, intervalMs: number) =>
  Math.min(Math.min(intervalMs, 1_000) * 2 ** (failures - 1), maxBackoffMs);

interface AlarmClock {
  /** Ends early at the signal, or soon after a ring. */
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly ring: () => void;
}

function alarmClock(signal: AbortSignal): AlarmClock {
  let hurry: (() => void) | undefined;
  return {
    ring: () => hurry?.(),
    sleep: (delayMs) =>
      new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          hurry = undefined;
          resolve();
        };
        let timer = setTimeout(wake, delayMs);
        hurry = () => {
          clearTimeout(timer);
          timer = setTimeout(wake, settleMs);
          hurry = undefined; // What changes without end must still be read.
        };
        signal.addEventListener('abort', wake, { once: true });
        if (signal.aborted) wake();
      }),
  };
}
