import { createServer } from 'node:http';
import net from 'node:net';

/** Members of many clusters, each at an address of its own on loopback. */
export interface SimulatedMembers {
  addressOf(cluster: number, ordinal: number): string;
  stop(): Promise<void>;
}

const port = 8200;

const addressOf = (cluster: number, ordinal: number) =>
  `127.${20 + ordinal}.${Math.floor(cluster / 250)}.${(cluster % 250) + 1}`;

/** Three healthy members for each cluster `c0`, `c1`, …, of which ordinal 0 leads. They answer what the controller reads. */
export async function simulateMembers(namespace: string, clusters: number): Promise<SimulatedMembers> {
  const http = createServer((request, response) => {
    const [, second = 0, third = 0, fourth = 0] = (request.socket.localAddress ?? '').split('.').map(Number);
    const answer = answerOf(namespace, third * 250 + fourth - 1, second - 20, request.url ?? '');
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  const listeners: net.Server[] = [];
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    for (const ordinal of [0, 1, 2]) {
      const listener = net.createServer((socket) => http.emit('connection', socket));
      await new Promise<void>((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(port, addressOf(cluster, ordinal), resolve);
      });
      listeners.push(listener);
    }
  }
  return {
    addressOf,
    async stop() {
      http.closeAllConnections();
      await Promise.all(listeners.map((each) => new Promise((resolve) => each.close(resolve))));
    },
  };
}

function answerOf(
  namespace: string,
  cluster: number,
  ordinal: number,
  path: string,
): { readonly status: number; readonly body: object } {
  const name = `c${cluster}`;
  const host = (of: number) => `${name}-${of}.${name}.${namespace}.svc`;
  const leads = ordinal === 0;
  switch (path) {
    case '/v1/sys/health':
      return {
        status: leads ? 200 : 429,
        body: {
          initialized: true,
          sealed: false,
          standby: !leads,
          version: '2.5.5',
          cluster_name: name,
          cluster_id: `00000000-0000-0000-0000-${String(cluster).padStart(12, '0')}`,
          server_time_utc: 0,
        },
      };
    case '/v1/sys/leader':
      return {
        status: 200,
        body: {
          ha_enabled: true,
          is_self: leads,
          active_time: '2026-01-01T00:00:00Z',
          leader_address: `http://${host(0)}:8200`,
          leader_cluster_address: `https://${host(0)}:8201`,
          raft_committed_index: 100,
          raft_applied_index: 100,
        },
      };
    case '/v1/auth/jwt-operator/login':
      return {
        status: 200,
        body: { auth: { client_token: 'simulated', lease_duration: 900, policies: [] } },
      };
    case '/v1/sys/storage/raft/configuration': {
      const servers = [0, 1, 2].map((of) => ({
        node_id: `${name}-${of}`,
        address: `${host(of)}:8201`,
        leader: of === 0,
        protocol_version: '3',
        voter: true,
      }));
      return { status: 200, body: { data: { config: { servers, index: 0 } } } };
    }
    default:
      return path.startsWith('/v1/sys/version-history')
        ? {
            status: 200,
            body: {
              data: {
                keys: ['2.5.5'],
                key_info: {
                  '2.5.5': { previous_version: null, timestamp_installed: '2026-01-01T00:00:00Z' },
                },
              },
            },
          }
        : { status: 404, body: { errors: [] } };
  }
}
