import { pino } from 'pino';
import type { AdmissionFacts } from '../../../src/io/kubernetes/admission-facts.ts';
import { defined } from '../../../src/api/object-fields.ts';
import { createKeyPair } from '../../support/key-pair.ts';
import { webhookMetrics } from '../../../webhooks/metrics.ts';
import type { RouteContext } from '../../../webhooks/route.ts';
import { routes } from '../../../webhooks/routes.ts';
import {
  startServer,
  type KeyPair,
  type ServerOptions,
  type WebhookServer,
} from '../../../webhooks/server.ts';
import { stubFacts } from './stub-facts.ts';

export const trustedController = 'system:serviceaccount:openbao-system:openbao-operator';

/** The real server with its real routes, on free ports. */
export interface TestServer extends WebhookServer {
  readonly certificate: KeyPair;
  /** What it logged, one object a line. */
  readonly log: readonly LogLine[];
}

export interface LogLine {
  /** 30 info, 40 warn, 50 error. */
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface TestServerOptions extends Pick<
  Partial<ServerOptions>,
  'drainMs' | 'requestTimeoutMs' | 'mostConnections'
> {
  readonly facts?: Partial<AdmissionFacts>;
  readonly enforce?: RouteContext['enforce'];
}

// Making a key takes longer than most tests; one serves all.
const sharedCertificate = createKeyPair();

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { facts, enforce = 'deny', drainMs = 0, requestTimeoutMs, mostConnections } = options;
  const certificate = await sharedCertificate;
  const log: LogLine[] = [];
  const server = await startServer({
    port: 0,
    statusPort: 0,
    certificate,
    routes,
    context: { facts: stubFacts(facts), trustedControllers: [trustedController], enforce },
    metrics: webhookMetrics(routes.map(({ path }) => path)),
    logger: pino({ level: 'info' }, { write: (line) => void log.push(JSON.parse(line) as LogLine) }),
    drainMs,
    ...defined({ requestTimeoutMs, mostConnections }),
  });
  return { ...server, certificate, log };
}
