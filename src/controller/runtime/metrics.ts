import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AnsweredCall } from '../../io/kubernetes/kubernetes.ts';
import { systemClock, type Clock } from './clock.ts';
import type { QueueObserver, WorkQueue } from './queue.ts';

/** How a pass over one key ended, in controller-runtime's words. */
export type Result = 'success' | 'error' | 'requeue' | 'requeue_after';

/** The controller's metrics; controller-runtime's and client-go's names, so that their dashboards and alerts work as they are. */
export interface ControllerMetrics {
  /** Others add theirs to it. */
  readonly registry: Registry;
  /** A pass ended, after so many milliseconds. */
  readonly reconciled: (controller: string, result: Result, tookMs: number) => void;
  /** For `connect({ onAnswer })`. */
  readonly answered: (call: AnsweredCall) => void;
  readonly leading: (lease: string, isLeader: boolean) => void;
  readonly queueObserver: (controller: string) => QueueObserver;
  /** From now on the gauges show this queue; a later one of the same controller takes its place. */
  readonly showQueue: (controller: string, queue: WorkQueue, concurrency: number) => void;
}

const results: readonly Result[] = ['success', 'error', 'requeue', 'requeue_after'];

/** controller-runtime's. */
const reconcileBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** client-go's: 10 ns and tenfold. */
const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];

/** @param controllers their names, so that a scrape shows each at 0 before its first pass */
export function controllerMetrics(
  controllers: readonly string[],
  clock: Clock = systemClock,
): ControllerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const passes = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Passes over one object, by how they ended',
    labelNames: ['controller', 'result'],
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Passes that failed',
    labelNames: ['controller'],
    registers,
  });
  const times = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Seconds that passes took',
    labelNames: ['controller'],
    buckets: reconcileBuckets,
    registers,
  });
  const calls = new Counter({
    name: 'rest_client_requests_total',
    help: 'Calls to the API server, by HTTP status',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: 'Whether this process leads',
    labelNames: ['name'],
    registers,
  });
  const queues = queueMetrics(registry, clock);

  for (const controller of controllers) {
    for (const result of results) passes.inc({ controller, result }, 0);
    errors.inc({ controller }, 0);
    times.zero({ controller });
  }

  return {
    registry,
    reconciled(controller, result, tookMs) {
      passes.inc({ controller, result });
      if (result === 'error') errors.inc({ controller });
      times.observe({ controller }, tookMs / 1000);
    },
    answered: ({ method, host, status }) =>
      calls.inc({ code: status === 0 ? '<error>' : String(status), method, host }),
    leading: (name, isLeader) => leader.set({ name }, isLeader ? 1 : 0),
    ...queues,
  };
}

function queueMetrics(
  registry: Registry,
  clock: Clock,
): Pick<ControllerMetrics, 'queueObserver' | 'showQueue'> {
  const registers = [registry];
  const shown = new Map<string, { readonly queue: WorkQueue; readonly concurrency: number }>();
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['name', 'controller'], registers });
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, labelNames: ['name', 'controller'], buckets: queueBuckets, registers });
  // Read at a scrape, for they follow from what the queue holds.
  const gauge = (name: string, help: string, read: (queue: WorkQueue, concurrency: number) => number) => {
    const labelNames = name.startsWith('workqueue_') ? ['name', 'controller'] : ['controller'];
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect: () =>
        shown.forEach(({ queue, concurrency }, controller) =>
          one.set(
            labelNames.length === 2 ? { name: controller, controller } : { controller },
            read(queue, concurrency),
          ),
        ),
    });
  };
  const adds = counter('workqueue_adds_total', 'Keys that were added');
  const retries = counter('workqueue_retries_total', 'Runs that are to be tried again');
  const waits = histogram('workqueue_queue_duration_seconds', 'Seconds that keys waited for room');
  const works = histogram('workqueue_work_duration_seconds', 'Seconds that runs took');
  const agesMs = (queue: WorkQueue) => [...queue.running.values()].map((since) => clock.elapsed() - since);
  gauge('workqueue_depth', 'Keys that wait for room', (queue) => queue.depth);
  gauge(
    'workqueue_unfinished_work_seconds',
    'Seconds of work in runs under way',
    (queue) => agesMs(queue).reduce((sum, age) => sum + age, 0) / 1000,
  );
  gauge(
    'workqueue_longest_running_processor_seconds',
    'Seconds since the oldest run under way began',
    (queue) => Math.max(0, ...agesMs(queue)) / 1000,
  );
  gauge('controller_runtime_active_workers', 'Runs under way', (queue) => queue.running.size);
  gauge(
    'controller_runtime_max_concurrent_reconciles',
    'Runs that may be under way at a time',
    (_queue, concurrency) => concurrency,
  );
  return {
    queueObserver(controller) {
      const labels = { name: controller, controller };
      adds.inc(labels, 0);
      retries.inc(labels, 0);
      return {
        added: () => adds.inc(labels),
        retried: () => retries.inc(labels),
        started: (waitedMs) => waits.observe(labels, waitedMs / 1000),
        finished: (workedMs) => works.observe(labels, workedMs / 1000),
      };
    },
    showQueue: (controller, queue, concurrency) => void shown.set(controller, { queue, concurrency }),
  };
}
