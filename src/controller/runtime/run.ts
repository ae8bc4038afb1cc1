import type { KubernetesObject } from '../../api/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { startStatusServer } from '../../io/status-server.ts';
import { aborted, sleep, systemClock } from './clock.ts';
import type { EventRecorder } from './events.ts';
import type { Informer } from './informer.ts';
import type { Leadership, LeaseElector } from './lease.ts';
import type { ControllerMetrics } from './metrics.ts';
import { workQueue, type Outcome, type WorkQueue } from './queue.ts';
import type { Reconcile } from './reconciler.ts';

/** Which keys a change in a collection concerns. */
export interface Source {
  readonly informer: Pick<
    Informer<KubernetesObject>,
    'path' | 'isSynced' | 'synced' | 'isMissing' | 'settled' | 'run'
  >;
  /** Calls back with the keys that each change concerns, those of the object as it was included. */
  readonly subscribe: (enqueue: (key: string) => void) => void;
  /** The keys of all that is there. */
  readonly keys: () => Iterable<string>;
}

/** @param keysOf the keys of what is to be reconciled because of this object */
export function source<T extends KubernetesObject>(
  informer: Informer<T>,
  keysOf: (object: T) => readonly string[],
): Source {
  return {
    informer,
    subscribe: (enqueue) =>
      informer.onChange((change) => {
        const keys = [change.old, change.new].flatMap((object) =>
          object === undefined ? [] : keysOf(object),
        );
        new Set(keys).forEach(enqueue);
      }),
    keys: () => [...informer.values()].flatMap(keysOf),
  };
}

/** One kind that is looked after. */
export interface Controller {
  /** In metrics and logs. */
  readonly name: string;
  /** Passes at a time, each over another key. Default 4. */
  readonly concurrency?: number | undefined;
  readonly sources: readonly Source[];
  readonly reconcile: Reconcile;
}

export interface RunOptions {
  readonly controllers: readonly Controller[];
  readonly elector: LeaseElector;
  /** What the metrics call the Lease. */
  readonly leaseName: string;
  readonly events: EventRecorder;
  readonly metrics: ControllerMetrics;
  readonly logger: Logger;
  /** Plain HTTP: /metrics, /healthz, /readyz. 0 takes a free one. */
  readonly statusPort: number;
  /** Told of the port once it listens. */
  readonly onListening?: ((statusPort: number) => void) | undefined;
  /** Milliseconds that passes under way get to their end, before they are told to stop. Default 20 000. */
  readonly drainMs?: number | undefined;
}

/** Milliseconds that passes get after they were told to stop. */
const stopMs = 5_000;

const informersOf = ({ sources }: Controller) => sources.map(({ informer }) => informer);
const isSynced = (controller: Controller) => informersOf(controller).every((each) => each.isSynced());

/**
 * Runs the controllers until the signal is raised, then hands over: no more passes, the last ones end, the Lease is
 * released. Caches are kept also while another process leads, so that a successor begins at once.
 *
 * A controller whose CRD is missing waits for it, and the others do not wait for that.
 *
 * @throws Error when the status port cannot be had, or when passes go on after the leadership is lost:
 *   then this process must end
 */
export async function runControllers(options: RunOptions, signal: AbortSignal): Promise<void> {
  const { controllers, logger, metrics } = options;
  const informers = new Set(controllers.flatMap(informersOf));
  const isSettled = () => [...informers].every((informer) => informer.isSynced() || informer.isMissing());
  const isReady = () => !signal.aborted && isSettled() && controllers.some(isSynced);
  const status = await startStatusServer({ port: options.statusPort, registry: metrics.registry, isReady });
  options.onListening?.(status.port);
  metrics.leading(options.leaseName, false);
  /** The queues of the term, by controller. */
  const queues = new Map<Controller, WorkQueue>();
  for (const controller of controllers) {
    for (const { subscribe } of controller.sources) subscribe((key) => queues.get(controller)?.add(key));
  }
  // They outlive the signal: passes that are at their end still read them.
  const watching = new AbortController();
  const watches = [...informers].map((informer) => informer.run(watching.signal));
  try {
    const settled = Promise.all([...informers].map((informer) => informer.settled));
    await Promise.race([settled, aborted(signal)]);
    tellMissing([...informers], logger);
    while (!signal.aborted) {
      const leadership = await options.elector.acquire(signal);
      if (leadership === undefined) break;
      await lead(options, queues, leadership, signal);
    }
  } finally {
    watching.abort();
    await Promise.all(watches);
    await options.events.flush();
    await status.close();
    logger.info({}, 'stopped');
  }
}

/** Says once which CRDs are missing, and when each is there. */
function tellMissing(informers: readonly Source['informer'][], logger: Logger): void {
  for (const { path, synced } of informers.filter((informer) => informer.isMissing())) {
    const [group, , plural] = path.split('/').slice(2);
    const crd = `${plural}.${group}`;
    logger.warn(
      { path, crd },
      `the CustomResourceDefinition ${crd} is missing: ${plural} are not driven until it is there, other kinds are. Apply it (kubectl apply --server-side -k manifests/crds); where another operator owns it, or it is not wanted, name the kinds to drive with --kind`,
    );
    void synced.then(() => logger.info({ path, crd }, `${crd} is there now: ${plural} are driven`));
  }
}

/** One term, to its end. @throws Error when passes do not end */
async function lead(
  { controllers, leaseName, metrics, logger, drainMs = 20_000 }: RunOptions,
  queues: Map<Controller, WorkQueue>,
  leadership: Leadership,
  signal: AbortSignal,
): Promise<void> {
  metrics.leading(leaseName, true);
  const stopping = new AbortController();
  // By name: a copy of an instance has none of its methods.
  const term: Leadership = {
    term: leadership.term,
    signal: AbortSignal.any([leadership.signal, stopping.signal]),
    isHeld: () => leadership.isHeld(),
    release: () => leadership.release(),
  };
  let isOver = false;
  const begin = (controller: Controller) => {
    const { name, concurrency = 4 } = controller;
    const run = (key: string): Promise<Outcome> => controller.reconcile(key, term);
    const threw = (key: string, err: unknown) =>
      logger.error(
        { controller: name, key, err },
        'a pass ended with a fault of the program; it is tried again',
      );
    const queue = workQueue({ concurrency, run, threw, observer: metrics.queueObserver(name) });
    queues.set(controller, queue);
    metrics.showQueue(name, queue, concurrency);
    for (const { keys } of controller.sources) for (const key of keys()) queue.add(key);
  };
  for (const controller of controllers) {
    if (isSynced(controller)) begin(controller);
    else {
      const synced = Promise.all(informersOf(controller).map((informer) => informer.synced));
      void synced.then(() => isOver || begin(controller));
    }
  }
  await Promise.race([aborted(signal), aborted(leadership.signal)]);
  isOver = true;

  const drained = Promise.all([...queues.values()].map((queue) => queue.drain())).then(() => true);
  const within = async (ms: number) => {
    const waited = new AbortController();
    const isDrained = await Promise.race([drained, sleep(systemClock, ms, waited.signal).then(() => false)]);
    waited.abort();
    return isDrained;
  };
  const isDrained =
    (!leadership.signal.aborted && (await within(drainMs))) || (stopping.abort(), await within(stopMs));
  metrics.leading(leaseName, false);
  if (!isDrained) {
    const running = [...queues.values()].flatMap((queue) => [...queue.running.keys()]);
    // What goes on may still act: nobody is told that it is over, others wait for the end of the Lease.
    logger.error({ running }, 'passes did not end in time');
    throw new Error(`passes over ${running.join(', ')} did not end in time`);
  }
  await leadership.release();
}
