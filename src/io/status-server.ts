import http from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import express from 'express';
import type { Registry } from 'prom-client';

interface StatusServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
  /** Asked at each look at /readyz. */
  readonly isReady: () => boolean | Promise<boolean>;
}

export interface StatusServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Serves /healthz, /readyz and /metrics over plain HTTP. Resolves when it listens. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = http.createServer(statusApp(options));
  await listen(server, options.port);
  return {
    port: portOf(server),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function statusApp({ registry, isReady }: StatusServerOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => void response.send('ok'));
  app.get('/readyz', async (_request, response) => {
    const ready = await isReady();
    response.status(ready ? 200 : 503).send(ready ? 'ok' : 'not ready');
  });
  app.get('/metrics', async (_request, response) => {
    response.set('Content-Type', registry.contentType).send(await registry.metrics());
  });
  return app;
}

/** @throws Error when the port cannot be had */
export function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Of a server that listens. */
export const portOf = (server: Server): number => (server.address() as AddressInfo).port;
