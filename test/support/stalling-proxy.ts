import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy to a port of this machine that can stop forwarding, while its connections stay. */
export interface StallingProxy {
  readonly port: number;
  /** Every connection forwards that many bytes more towards the server, then nothing in either direction. */
  stallAfter(bytes: number): void;
  /** The same for the connections that are there now; new ones are not held up. */
  stallPresentAfter(bytes: number): void;
  close(): Promise<void>;
}

interface Connection {
  readonly ends: readonly Socket[];
  left: number;
}

export async function startStallingProxy(
  upstreamPort: number,
  address = '127.0.0.1',
): Promise<StallingProxy> {
  const connections = new Set<Connection>();
  let leftOfNew = Infinity;
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    const connection: Connection = { ends: [client, upstream], left: leftOfNew };
    connections.add(connection);
    for (const socket of connection.ends) {
      socket.on('error', () => {});
      socket.on('close', () => {
        connections.delete(connection);
        for (const each of connection.ends) each.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (connection.left <= 0) return;
      connection.left -= chunk.byteLength;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (connection.left > 0) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const stallPresentAfter = (bytes: number) => {
    for (const connection of connections) connection.left = bytes;
  };
  return {
    port: (server.address() as AddressInfo).port,
    stallAfter(bytes) {
      leftOfNew = bytes;
      stallPresentAfter(bytes);
    },
    stallPresentAfter,
    async close() {
      for (const { ends } of connections) for (const socket of ends) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
