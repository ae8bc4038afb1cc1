import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Bounds the connections. At the bound the one makes room that has been longest without a whole review, and only
 * where all have had one, the one that asked longest ago: the API server keeps its own, and the probe gets through.
 *
 * @param closed is told of each
 * @returns says that a whole review came on this connection
 */
export function limitConnections(
  server: Server,
  most: number,
  closed: () => void,
): (connection: Socket) => void {
  // Sets keep the order in which they were filled.
  const unproven = new Set<Socket>();
  const proven = new Set<Socket>();
  /** Of each TLS connection, by its ports. */
  const bases = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    if (unproven.size + proven.size >= most) {
      const [oldest] = unproven.size > 0 ? unproven : proven;
      if (oldest !== undefined) {
        forget(oldest);
        oldest.destroy();
        closed();
      }
    }
    const name = ends(socket);
    bases.set(name, socket);
    unproven.add(socket);
    socket.once('close', () => {
      if (bases.get(name) === socket) bases.delete(name);
      forget(socket);
    });
  });
  const forget = (socket: Socket) => {
    unproven.delete(socket);
    proven.delete(socket);
  };
  return (connection) => {
    const socket = bases.get(ends(connection));
    if (socket === undefined) return;
    forget(socket);
    proven.add(socket);
  };
}

const ends = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
