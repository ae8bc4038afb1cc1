import { expect } from 'chai';
import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
import type { AdmissionResponse } from '../../../src/api/admission-review.ts';
import type { Review } from './reviews.ts';
import type { TestServer } from './test-server.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Default: a connection for this request alone. */
  readonly agent?: https.Agent;
}

type Target = Pick<TestServer, 'port' | 'certificate'>;

/** How a test reaches the server: by address, checking its certificate. */
const connectionTo = ({ port, certificate }: Target) => ({
  host: '127.0.0.1',
  port,
  servername: 'localhost',
  ca: certificate.cert,
});

/** One request over TLS, as the API server sends it unless said otherwise. */
export function send(server: Target, request: HttpRequest): Promise<HttpAnswer> {
  const { method = 'POST', path, headers = { 'Content-Type': 'application/json' }, body, agent } = request;
  return new Promise((resolve, reject) => {
    const sent = https.request(
      { ...connectionTo(server), method, path, headers, agent: agent ?? false },
      (response) => void readAnswer(response).then(resolve, reject),
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** GET from the plain HTTP port of probes and metrics. */
export function getStatus({ statusPort }: Pick<TestServer, 'statusPort'>, path: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    http
      .get(
        { host: '127.0.0.1', port: statusPort, path, agent: false },
        (response) => void readAnswer(response).then(resolve, reject),
      )
      .on('error', reject);
  });
}

async function readAnswer(response: http.IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}

/** Sends a review and reads the answer as strictly as the API server does. */
export async function ask(
  server: Target,
  path: string,
  review: Review,
  agent?: https.Agent,
): Promise<AdmissionResponse> {
  const body = JSON.stringify(review);
  return reviewIn(await send(server, { path, body, ...(agent === undefined ? {} : { agent }) }), review);
}

/** The response in an answer to `review`, held to what the API server demands of every one. */
export function reviewIn(answer: HttpAnswer, review: Review): AdmissionResponse {
  expect(answer.status, answer.text).to.equal(200);
  expect(answer.headers['content-type']).to.equal('application/json');
  const { apiVersion, kind, response } = JSON.parse(answer.text) as {
    apiVersion: string;
    kind: string;
    response: AdmissionResponse;
  };
  expect({ apiVersion, kind, uid: response.uid }).to.deep.equal({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    uid: review.request.uid,
  });
  expect('patch' in response, 'patch and patchType come together').to.equal('patchType' in response);
  for (const warning of response.warnings ?? []) expect(warning).to.have.lengthOf.within(1, 120);
  return response;
}

/** A TLS connection on which a test writes what no HTTP library would. */
export interface RawConnection {
  readonly socket: tls.TLSSocket;
  /** What came so far. */
  readonly received: () => string;
  /** All that came, once the server has closed the connection or it broke. */
  readonly ended: Promise<string>;
}

export async function openRaw(server: Target, options: tls.ConnectionOptions = {}): Promise<RawConnection> {
  const socket = tls.connect({ ...connectionTo(server), ...options });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  // A reset ends a connection as well; what came before it is what counts.
  socket.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  return { socket, received: () => received, ended };
}

/** The head of a POST with a JSON body; the caller writes the body. */
export function postHead(path: string, headers: Record<string, string | number>): string {
  const lines = Object.entries({
    Host: 'localhost',
    'Content-Type': 'application/json',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The status codes of the answers in what came over a connection. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
