import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { succeed } from '../support/gate.ts';
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
  const deadline = Date.now() + 480_000;
  let crashes = 0;
  for (; Date.now() < deadline; crashes += 1) {
    // Its successor need not wait for the end of its lease.
    await succeed(ground.kubectl(['-n', 'rollguard-system', 'delete', 'lease', '--all']));
    await driver.start(crashes % 2 === 0 ? { crashBefore: 1 } : { crashAfter: 1 });
    while (driver.isRunning() && Date.now() < deadline) {
      if (isSo(await cluster.read())) return crashes;
      await sleep(200);
    }
  }
  throw new Error(
    `not within 8 minutes and ${crashes} crashes: ${JSON.stringify((await cluster.read()).status)}`,
  );
}
