import { inspect } from 'node:util';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';

interface RejectionWatch {
  readonly registry: Registry;
  readonly logger: Logger;
  /** What comes of one; without it the process goes on. */
  readonly onRejection?: () => void;
}

/**
 * Logs and counts promises that are rejected and that nobody looks at. By itself Node.js would end the process at
 * once: no request answered to its end, no Lease given back, and a stack on stderr that is no line of the log.
 *
 * @returns ends the watch
 */
export function watchRejections({ registry, logger, onRejection }: RejectionWatch): () => void {
  const counter = new Counter({
    name: 'rollguard_unhandled_rejections_total',
    help: 'Promises that were rejected and that nobody looked at: each is a bug',
    registers: [registry],
  });
  const hear = (reason: unknown) => {
    counter.inc();
    const err = reason instanceof Error ? reason : new Error(inspect(reason));
    logger.error({ err }, 'a promise was rejected and nobody looked at it: please report this');
    onRejection?.();
  };
  process.on('unhandledRejection', hear);
  return () => process.off('unhandledRejection', hear);
}
