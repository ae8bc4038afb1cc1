import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { reasonOrder, type Reason } from '../src/api/reasons.ts';

/** The server's metrics; controller-runtime's names, so that its dashboards and alerts work as they are. */
export interface WebhookMetrics {
  readonly registry: Registry;
  readonly started: (webhook: string) => (code: number) => void;
  readonly denied: (webhook: string, reason: Reason) => void;
  /** Not read to its end, and so not judged; or, of `connections`, closed to make room. */
  readonly refused: (why: (typeof refusals)[number]) => void;
  readonly crashed: () => void;
  readonly certificateRead: (event: 'read' | 'error') => void;
}

const refusals = ['busy', 'slow', 'too_large', 'connections'] as const;

/** @param webhooks the paths, so that a scrape shows each at 0 before its first call */
export function webhookMetrics(webhooks: readonly string[]): WebhookMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const latency = new Histogram({
    name: 'controller_runtime_webhook_latency_seconds',
    help: 'Seconds from an admission request to its answer',
    labelNames: ['webhook'],
    // 10 ns × 10^k would leave one bucket for all of our answers; these are the API server's own, finer below.
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 2.5, 10],
    registers,
  });
  const requests = new Counter({
    name: 'controller_runtime_webhook_requests_total',
    help: 'Admission requests by HTTP status of the answer',
    labelNames: ['webhook', 'code'],
    registers,
  });
  const answering = new Map(webhooks.map((webhook) => [webhook, { count: 0 }]));
  const inFlight = new Gauge({
    name: 'controller_runtime_webhook_requests_in_flight',
    help: 'Admission requests being answered',
    labelNames: ['webhook'],
    registers,
    // Set at a scrape, because each inc() and dec() hashes its labels again.
    collect: () => answering.forEach(({ count }, webhook) => inFlight.set({ webhook }, count)),
  });
  const panics = new Counter({
    name: 'controller_runtime_webhook_panics_total',
    help: 'Unexpected errors while answering',
    registers,
  });
  const denials = new Counter({
    name: 'rollguard_denials_total',
    help: 'Denied admission requests by the reason of the answer',
    labelNames: ['webhook', 'reason'],
    registers,
  });
  const refused = new Counter({
    name: 'rollguard_webhook_refused_total',
    help: 'Requests that were not read to their end, and connections that were closed, by why',
    labelNames: ['why'],
    registers,
  });
  for (const why of refusals) refused.inc({ why }, 0);
  const reads = new Counter({
    name: 'certwatcher_read_certificate_total',
    help: 'Times the serving certificate was read',
    registers,
  });
  const readErrors = new Counter({
    name: 'certwatcher_read_certificate_errors_total',
    help: 'Times the serving certificate could not be read',
    registers,
  });

  // Handles are looked up once, not on every request.
  const perWebhook = new Map(
    webhooks.map((webhook) => {
      latency.zero({ webhook });
      requests.inc({ webhook, code: 200 }, 0);
      requests.inc({ webhook, code: 500 }, 0);
      for (const reason of reasonOrder) denials.inc({ webhook, reason }, 0);
      return [
        webhook,
        {
          latency: latency.labels(webhook),
          answering: answering.get(webhook)!,
          ok: requests.labels(webhook, '200'),
        },
      ];
    }),
  );

  return {
    registry,
    started(webhook) {
      const handles = perWebhook.get(webhook);
      const begin = performance.now();
      if (handles) handles.answering.count++;
      return (code) => {
        if (handles) handles.answering.count--;
        handles?.latency.observe((performance.now() - begin) / 1000);
        if (code === 200) handles?.ok.inc();
        else requests.inc({ webhook, code });
      };
    },
    denied: (webhook, reason) => denials.inc({ webhook, reason }),
    refused: (why) => refused.inc({ why }),
    crashed: () => panics.inc(),
    certificateRead: (event) => (event === 'read' ? reads.inc() : readErrors.inc()),
  };
}
