import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { connect } from '../../src/io/kubernetes/kubernetes.ts';
import type { Stories } from './stories.ts';

/**
 * Has controller after controller end as by SIGKILL, in turn before its first effect and after it, until what is
 * wanted is so. None may run when it is called; one runs when it returns.
 *
 * @returns how many crashed
 */
export async function crashAtEachEffect(
  { ground, driver, cluster }: Stories,
  isSo: (cluster: OpenBaoCluster) => boolean,
): Promise<number> {
  const client = connect({ kubeconfig: ground.kubeconfig });
  const leases = '/apis/coordination.k8s.io/v1/namespaces/rollguard-system/leases';
  const deadline = Date.now() + 480_000;
  let crashes = 0;
  try {
    for (; Date.now() < deadline; crashes += 1) {
      // Its successor need not wait for the end of its lease.
      await client.remove(leases);
      await driver.start(crashes % 2 === 0 ? { crashBefore: 1 } : { crashAfter: 1 });
      while (driver.isRunning() && Date.now() < deadline) {
        if (isSo(await cluster.read())) return crashes;
        await sleep(200);
      }
    }
  } finally {
    await client.close();
  }
  throw new Error(
    `not within 8 minutes and ${crashes} crashes: ${JSON.stringify((await cluster.read()).status)}`,
  );
}
