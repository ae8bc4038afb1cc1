import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenBaoClusterSpec } from '../src/api/openbaocluster.ts';
import { startGround, type PodNetwork } from '../test/cluster/test-cluster.ts';
import { provideVolumes } from '../test/cluster/volumes.ts';
import { clusterHandle, driverOn, runs, type ClusterHandle } from '../test/controller-e2e/controller.ts';
import { membersOf, type Members } from '../test/controller-e2e/members.ts';
import { older, prepareUpgrades } from '../test/controller-e2e/prepare.ts';
import { startWriter, writerRequests, type Writer } from '../test/controller-e2e/writer.ts';

const namespace = 'bench';
export const name = 'prod';
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Three members of the older version under a steady writer, and the controller that looks after them. */
export interface UnderWriter {
  readonly cluster: ClusterHandle;
  readonly members: Members;
  readonly writer: Writer;
}

/**
 * Has a ground of its own for what is measured, and prints what was found out. With `--bridge` the pods' network is
 * the harsher one.
 *
 * @param spec beside its version, storage and the writer's requests
 * @param measure answers with the lines to print
 */
export async function underWriter(
  spec: Partial<OpenBaoClusterSpec>,
  measure: (on: UnderWriter) => Promise<readonly string[]>,
): Promise<void> {
  const network: PodNetwork = process.argv.includes('--bridge') ? 'bridge' : 'ptp';
  const ground = await startGround({ size: 'node', network });
  const endVolumes = provideVolumes(ground);
  try {
    const images = await prepareUpgrades(ground, namespace, say);
    const driver = await driverOn(ground);
    await driver.start();
    try {
      const cluster = clusterHandle(ground, namespace, name);
      await cluster.create({
        version: older,
        storage: { size: '1Gi' },
        ...spec,
        selfInit: { requests: writerRequests(namespace) },
      });
      await cluster.until('up', runs(older));
      const members = await membersOf(ground, namespace, name);
      const writer = await startWriter(ground, namespace, name, 50);
      await sleep(2_000);
      const lines = await measure({ cluster, members, writer });
      say(`\nOpenBao: ${images.kind === 'real' ? 'real servers' : 'the model'}, pod network: ${network}`);
      for (const line of lines) say(line);
      await members.close();
    } finally {
      await driver.stop();
    }
  } finally {
    await endVolumes();
    await ground.stop();
  }
}
