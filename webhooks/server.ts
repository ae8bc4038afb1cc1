import { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import express, { type Request, type Response } from 'express';
import type { Logger } from 'pino';
import type { AdmissionRequest, AdmissionResponse } from '../src/api/admission-review.ts';
import type { Reason } from '../src/api/reasons.ts';
import { listen, portOf, startStatusServer, type StatusServer } from '../src/io/status-server.ts';
import { answerBadReview, answerRefused, BadReview, decodeReview } from './admission-review.ts';
import { answer } from './answer.ts';
import { Intake, Refused, type Body } from './body.ts';
import { limitConnections } from './connection-limit.ts';
import { Deadline, endingInTime, patienceMs } from './deadline.ts';
import type { WebhookMetrics } from './metrics.ts';
import type { Route, RouteContext } from './route.ts';

/** PEM. */
export interface KeyPair {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

export interface ServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Plain HTTP: /metrics, /healthz, /readyz. 0 takes a free one. */
  readonly statusPort: number;
  readonly certificate: KeyPair;
  readonly routes: readonly Route[];
  readonly context: RouteContext;
  readonly metrics: WebhookMetrics;
  readonly logger: Logger;
  /** Milliseconds between "not ready" and the end of listening: Services need them to stop sending. Default 5 000. */
  readonly drainMs?: number;
  /**
   * Milliseconds for the whole of a request to arrive, and for the last answers after listening
   * ends. Default 30 000, the longest webhook time-out.
   */
  readonly requestTimeoutMs?: number;
  /** How many connections there may be. Default 512. */
  readonly mostConnections?: number;
}

export interface WebhookServer {
  readonly port: number;
  readonly statusPort: number;
  /** New connections get this certificate; open ones stay. */
  readonly useCertificate: (certificate: KeyPair) => void;
  /** Stops without losing a request: not ready first, then no new connections, then the last answers. Calls after the first wait for it too. */
  readonly close: () => Promise<void>;
}

/** Milliseconds an idle connection is kept: longer than the API server's own 90 s, so that it is never the one to find it closed. */
const keepAliveMs = 125_000;
/** Milliseconds for a TLS handshake, Go's own limit: one that never ends would hold up the end of the server. */
const handshakeTimeoutMs = 10_000;
const headersTimeoutMs = 20_000;
/** Each costs some 50 KB, and what an ordinary body has at most. */
const mostConnections = 512;
/** Milliseconds after listening ends for new connections to ask for the first time. */
const firstWordMs = 1_000;

/** What the handlers work with. */
interface Running extends ServerOptions {
  readonly intake: Intake;
  /** Says that a whole review came on a connection. */
  readonly proven: (connection: Socket) => void;
  readonly isDraining: () => boolean;
}

/**
 * Serves the webhooks over HTTPS (HTTP/1.1, which is all that the API server speaks to a
 * Service) and the probes and metrics over plain HTTP. Resolves when both listen.
 */
export async function startServer(given: ServerOptions): Promise<WebhookServer> {
  let draining = false;
  let limit: ((connection: Socket) => void) | undefined;
  const options: Running = {
    ...given,
    intake: new Intake(),
    proven: (connection) => limit?.(connection),
    context: { ...given.context, facts: endingInTime(given.context.facts) },
    isDraining: () => draining,
  };
  const { requestTimeoutMs = 30_000 } = options;
  const app = webhookApp(options);
  const server = https.createServer(
    {
      ...options.certificate,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: Math.min(handshakeTimeoutMs, requestTimeoutMs),
      keepAliveTimeout: keepAliveMs,
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
      ...classesOf(app),
    },
    app,
  );
  limit = limitConnections(server, options.mostConnections ?? mostConnections, () =>
    options.metrics.refused('connections'),
  );
  // Connections that have not asked anything yet (Go dials one more than it needs); Node does not count them as idle.
  const silent = new Set<Socket>();
  server.on('secureConnection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  await listen(server, options.port);
  let status: StatusServer;
  try {
    status = await startStatusServer({
      port: options.statusPort,
      registry: options.metrics.registry,
      isReady: async () => !draining && server.listening && (await answersTls(portOf(server))),
    });
  } catch (error) {
    server.close();
    throw error;
  }

  const drain = async () => {
    draining = true;
    await new Promise((resolve) => setTimeout(resolve, options.drainMs ?? 5_000));
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    // A closed server waits for what is left of its connections, and looks after none of its time-outs any more.
    const cuts = [
      setTimeout(() => silent.forEach((socket) => socket.destroy()), firstWordMs),
      setTimeout(() => server.closeAllConnections(), requestTimeoutMs),
    ];
    await closed;
    cuts.forEach(clearTimeout);
    await status.close();
  };
  let closing: Promise<void> | undefined;
  return {
    port: portOf(server),
    statusPort: status.port,
    useCertificate: (certificate) => server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
    close: () => (closing ??= drain()),
  };
}

function webhookApp(options: Running): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  // The API server asks by the exact path. The router would try one pattern after the other.
  const exact = new Map(options.routes.map((route) => [route.path, route]));
  app.use((request, response, next) => {
    const route = request.method === 'POST' ? exact.get(request.path) : undefined;
    return route === undefined ? next() : handle(route, options, request, response);
  });
  for (const route of options.routes) {
    app
      .route(route.path)
      .post((request, response) => handle(route, options, request, response))
      .all((_request, response) => {
        response.set('Allow', 'POST');
        sendStatus(response, 405, 'only POST is answered here');
      });
  }
  app.use((request: Request, response: Response) => {
    const paths = options.routes.map(({ path }) => path).join(', ');
    sendStatus(
      response,
      404,
      `nothing is at ${JSON.stringify(request.path.slice(0, 100))}; the webhooks are at ${paths}`,
    );
  });
  app.use((error: unknown, _request: Request, response: Response, _next: express.NextFunction) => {
    options.logger.warn({ err: error }, 'a request could not be routed');
    sendStatus(response, 400, 'the request could not be read');
  });
  return app;
}

/**
 * Express sets the prototype of each request and response, which makes all that is done with them slower; those that
 * Node's server makes of these classes have it already.
 */
function classesOf(app: express.Express): Pick<https.ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  class GateRequest extends IncomingMessage {}
  class GateResponse<Asked extends IncomingMessage> extends ServerResponse<Asked> {}
  Object.setPrototypeOf(GateRequest.prototype, app.request);
  Object.setPrototypeOf(GateResponse.prototype, app.response);
  Object.assign(app, { request: GateRequest.prototype, response: GateResponse.prototype });
  return { IncomingMessage: GateRequest, ServerResponse: GateResponse };
}

async function handle(route: Route, options: Running, request: Request, response: Response): Promise<void> {
  const finish = options.metrics.started(route.path);
  const { code, body } = await judge(route, options, request);
  // What is left of a body that was not read would be taken for the next request; and the API server
  // goes on using its connections to a pod that is going, so then each answer ends one.
  if (!request.complete || options.isDraining()) response.set('Connection', 'close');
  finish(code);
  send(response, code, body);
}

interface HttpAnswer {
  readonly code: number;
  readonly body: object;
}

/** Every way a request can end, as an HTTP answer; never throws. */
async function judge(route: Route, options: Running, request: Request): Promise<HttpAnswer> {
  let admission: AdmissionRequest | undefined;
  let body: Body | undefined;
  // From now on: the API server counts the time that the body takes as well.
  const deadline = new Deadline(patienceMs(request.url));
  try {
    assertJson(request);
    body = await options.intake.read(request, deadline);
    admission = decodeReview(body.bytes);
    options.proven(request.socket);
    const response = await answer(route, admission, options.context, deadline);
    if (response.auditAnnotations !== undefined) logViolation(route, admission, response, options);
    return review(response);
  } catch (error) {
    if (error instanceof Refused) {
      options.metrics.refused(error.refusal);
      // A line for each would be the next thing to run full.
      options.logger.debug({ webhook: route.path, uid: error.uid }, error.message);
      return error.uid !== undefined && route.kind === 'validating'
        ? review(answerRefused(error.uid, error))
        : { code: error.status, body: statusBody(error.status, error.message) };
    }
    if (error instanceof BadReview) {
      options.logger.warn({ webhook: route.path, uid: admission?.uid }, error.message);
      // A validating denial shows the caller our text; a mutating one would refuse where the route is to fail open.
      return admission !== undefined && route.kind === 'validating'
        ? review(answerBadReview(admission.uid, error.message))
        : { code: error.status, body: statusBody(error.status, error.message) };
    }
    options.metrics.crashed();
    options.logger.error({ err: error, webhook: route.path, uid: admission?.uid }, 'unexpected error');
    return { code: 500, body: statusBody(500, 'unexpected error; see the log of the webhook') };
  } finally {
    body?.giveBack();
    deadline.clear();
  }
}

function assertJson(request: Request): void {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new BadReview('the content type must be application/json', 415);
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new BadReview('the body must not be compressed', 415);
  }
}

/** A denial, or what would have been one where denials only warn. */
function logViolation(
  route: Route,
  request: AdmissionRequest,
  response: AdmissionResponse,
  { metrics, logger }: ServerOptions,
): void {
  if (!response.allowed) metrics.denied(route.path, response.status?.reason as Reason);
  const { uid, namespace, name, operation, dryRun, userInfo } = request;
  logger.info(
    {
      webhook: route.path,
      uid,
      operation,
      namespace,
      name,
      user: userInfo.username,
      dryRun,
      reasons: response.auditAnnotations?.['reasons'],
    },
    response.allowed ? 'would have been denied' : 'denied',
  );
}

const review = (response: AdmissionResponse): HttpAnswer => ({
  code: 200,
  body: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response },
});

/** metav1.Status, which the API server shows its caller when a webhook's call fails. */
const statusBody = (code: number, message: string) => ({
  apiVersion: 'v1',
  kind: 'Status',
  metadata: {},
  status: 'Failure',
  message,
  reason: code < 500 ? 'BadRequest' : 'InternalError',
  code,
});

const sendStatus = (response: Response, code: number, message: string) =>
  send(response, code, statusBody(code, message));

function send(response: Response, code: number, body: object): void {
  // Text, not a buffer: Node then writes it in one piece with the headers.
  const text = JSON.stringify(body);
  response.writeHead(code, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

/** Whether a TLS handshake with our own listener succeeds: what the API server needs, not that a process lives. */
function answersTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Which name the certificate carries does not matter here; the API server checks it.
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, timeout: 2_000 });
    const end = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
