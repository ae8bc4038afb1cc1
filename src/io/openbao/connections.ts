import { connectOpenBao, type OpenBaoAddress, type OpenBaoNode } from './node.ts';

/** Kept connections to the servers of many clusters. */
interface OpenBaoConnections {
  /** The connection to this server. Do not close it, and ask again for each use: it ends when nobody asks. */
  to(address: OpenBaoAddress): OpenBaoNode;
  /** How many are kept. */
  readonly size: number;
  close(): Promise<void>;
}

interface Kept {
  readonly node: OpenBaoNode;
  readonly ca: string | undefined;
  usedAt: number;
}

/**
 * Connections are kept as long as they are used: pods come and go, and each new address is another server.
 * What was not asked for in `idleMs` is closed by one of the next calls; its sockets end before, after 30 s.
 *
 * @param now milliseconds of any clock that does not go back
 */
export function keepOpenBaoConnections({
  // Much shorter than between two looks at an idle cluster: thousands of them keep few connections open.
  idleMs = 5_000,
  now = () => performance.now(),
}: { idleMs?: number; now?: () => number } = {}): OpenBaoConnections {
  const kept = new Map<string, Kept>();
  let sweptAt = now();

  const drop = (key: string) => {
    void kept.get(key)?.node.close();
    kept.delete(key);
  };
  const sweep = (time: number) => {
    sweptAt = time;
    for (const [key, { usedAt }] of kept) if (time - usedAt > idleMs) drop(key);
  };

  return {
    to(address) {
      const time = now();
      if (time - sweptAt > idleMs / 2) sweep(time);
      const { pod, url, servername = '', ca } = address;
      const key = `${pod} ${url} ${servername}`;
      const found = kept.get(key);
      if (found !== undefined && found.ca === ca) {
        found.usedAt = time;
        return found.node;
      }
      // A rotated CA: who was trusted before is not any more.
      drop(key);
      const node = connectOpenBao(address);
      kept.set(key, { node, ca, usedAt: time });
      return node;
    },
    get size() {
      return kept.size;
    },
    async close() {
      const nodes = [...kept.values()].map(({ node }) => node);
      kept.clear();
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}
