import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A server in OpenBao's place that answers as a test tells it, bad answers above all. Loopback only. */
export interface SimulatedOpenBao {
  /** By address, not by name. */
  readonly url: string;
  /** How many connections were opened to it. */
  connections(): number;
  stop(): Promise<void>;
}

/** @param certificate PEM; plain HTTP without */
export async function simulateOpenBao(
  answer: RequestListener,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<SimulatedOpenBao> {
  const server: Server =
    certificate === undefined ? createHttpServer(answer) : createHttpsServer(certificate, answer);
  let connections = 0;
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    connections: () => connections,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Answers every request with one body. */
export const answering =
  (status: number, body: object | string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
