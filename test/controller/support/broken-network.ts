import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as dial, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A way to the API server that can be broken. */
export interface BrokenNetwork {
  /** Of the API server by this way. */
  readonly kubeconfig: string;
  /** Connections that are open. */
  readonly connections: () => number;
  /** Ends every connection with a reset; new ones go through. */
  readonly reset: () => void;
  /** Resets what is open and what comes, or lets it through again. */
  readonly cut: (isCut: boolean) => void;
  /** Lets nothing through on the connections that are open, without closing them; new ones go through. */
  readonly freeze: () => void;
  readonly close: () => Promise<void>;
}

/** Stands between a client and the API server of this kubeconfig. */
export async function brokenNetwork(kubeconfig: string): Promise<BrokenNetwork> {
  const text = readFileSync(kubeconfig, 'utf8');
  const [whole, host = '', port = ''] = /https:\/\/([\d.]+):(\d+)/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`${kubeconfig} names no server by its address`);
  const open = new Set<{ readonly near: Socket; readonly far: Socket }>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = dial(Number(port), host);
    const pair = { near, far };
    open.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {});
      one.once('close', () => {
        open.delete(pair);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const directory = mkdtempSync(join(tmpdir(), 'rollguard-network-'));
  const file = join(directory, 'kubeconfig');
  const own = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(file, text.replace(whole, own), { mode: 0o600 });
  const reset = () => open.forEach(({ near }) => near.resetAndDestroy());
  return {
    kubeconfig: file,
    connections: () => open.size,
    reset,
    cut(wanted) {
      isCut = wanted;
      if (isCut) reset();
    },
    freeze: () =>
      open.forEach(({ near, far }) => {
        near.unpipe(far);
        far.unpipe(near);
      }),
    async close() {
      reset();
      const closed = once(server, 'close');
      server.close();
      await closed;
      rmSync(directory, { recursive: true });
    },
  };
}
