import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy to a port of this machine that stops forwarding, but keeps its connections. */
export interface StallingProxy {
  readonly port: number;
  /** Forwards that many bytes more towards the server, then nothing any more in either direction. */
  stallAfter(bytes: number): void;
  close(): Promise<void>;
}

export async function startStallingProxy(upstreamPort: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let left = Infinity;
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    const pair = [client, upstream] as const;
    for (const socket of pair) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => pair.forEach((each) => each.destroy()));
    }
    client.on('data', (chunk) => {
      if (left <= 0) return;
      left -= chunk.byteLength;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (left > 0) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stallAfter(bytes) {
      left = bytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
