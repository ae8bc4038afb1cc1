import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenBaoClusterSpec } from '../src/api/openbaocluster.ts';
import { startGround, type PodNetwork } from '../test/cluster/test-cluster.ts';
import { provideVolumes } from '../test/cluster/volumes.ts';
import { clusterHandle, driverOn, runs, type ClusterHandle } from '../test/controller-e2e/controller.ts';
import { membersOf, type Members } from '../test/controller-e2e/members.ts';
import { prepareUpgrades, type VersionPair } from '../test/controller-e2e/prepare.ts';
import { startWriter, writerRequests, type Writer } from '../test/controller-e2e/writer.ts';
import { removeNamespace } from '../test/support/namespace.ts';

export const name = 'prod';
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Three members of the older version under a steady writer, and the controller that looks after them. */
export interface UnderWriter {
  readonly older: string;
  readonly newer: string;
  readonly cluster: ClusterHandle;
  readonly members: Members;
  readonly writer: Writer;
}

/**
 * Measures an upgrade between each pair of versions, one after another, each in a cluster of its own, on a ground that
 * was made for it. Prints what was found out. With `--bridge` the pods' network is the harsher one.
 *
 * @param spec beside its version, storage and the writer's requests
 * @param measure prints, and answers with what `compare` needs
 * @param compare answers with the lines that come last
 */
export async function underWriter<Figures>(
  spec: Partial<OpenBaoClusterSpec>,
  pairs: readonly VersionPair[],
  measure: (on: UnderWriter, say: (line: string) => void) => Promise<Figures>,
  compare: (figures: readonly Figures[]) => readonly string[] = () => [],
): Promise<void> {
  const network: PodNetwork = process.argv.includes('--bridge') ? 'bridge' : 'ptp';
  const ground = await startGround({ size: 'node', network });
  const endVolumes = provideVolumes(ground);
  try {
    const figures = [];
    for (const [index, pair] of pairs.entries()) {
      const [older, newer] = pair;
      const namespace = `bench-${index}`;
      const images = await prepareUpgrades(ground, namespace, say, pair);
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
        const servers = images.kind === 'real' ? 'real servers' : 'the model';
        say(`\n${older} to ${newer}, OpenBao: ${servers}, pod network: ${network}`);
        figures.push(await measure({ older, newer, cluster, members, writer }, say));
        await members.close();
      } finally {
        await driver.stop();
        await removeNamespace(ground, namespace);
      }
    }
    for (const line of compare(figures)) say(line);
  } finally {
    await endVolumes();
    await ground.stop();
  }
}
