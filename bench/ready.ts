/**
 * `npm run bench -- ready`: how long a new cluster of three members takes from `kubectl apply` until all vote and are
 * Ready, of 2.6.2 beside 2.5.5. The two take turns, on one ground.
 */
import { startGround } from '../test/cluster/test-cluster.ts';
import { provideVolumes } from '../test/cluster/volumes.ts';
import { clusterHandle, driverOn, runs } from '../test/controller-e2e/controller.ts';
import { askedPair, prepareUpgrades } from '../test/controller-e2e/prepare.ts';
import { writerRequests } from '../test/controller-e2e/writer.ts';
import { median, seconds, verdict } from './report.ts';

const versions = askedPair() ?? (['2.5.5', '2.6.2'] as const);
const rounds = process.argv.includes('--quick') ? 1 : 5;
const namespace = 'bench-ready';
const say = (line: string) => void process.stdout.write(`${line}\n`);

const ground = await startGround({ size: 'node' });
const endVolumes = provideVolumes(ground);
try {
  const images = await prepareUpgrades(ground, namespace, say, versions);
  const driver = await driverOn(ground);
  await driver.start();
  try {
    const spec = { storage: { size: '1Gi' }, selfInit: { requests: writerRequests(namespace) } };
    /** @returns ms */
    const untilReady = async (version: string, round: number): Promise<number> => {
      const cluster = clusterHandle(ground, namespace, `new-${version.replaceAll('.', '-')}-${round}`);
      const begun = Date.now();
      await cluster.create({ version, ...spec });
      await cluster.until('up', runs(version));
      const ms = Date.now() - begun;
      say(`  ${version} ${seconds(ms)}`);
      // The next has the machine to itself.
      await cluster.patch({ spec: { paused: true } });
      await ground.kubectl(['-n', namespace, 'delete', 'statefulset', cluster.name, '--wait=true']);
      return ms;
    };
    await untilReady(versions[0], 0);
    const times: number[][] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      for (const [index, version] of versions.entries()) times[index]?.push(await untilReady(version, round));
    }
    const [before = NaN, now = NaN] = times.map(median);
    say(
      `\nOpenBao: ${images.kind === 'real' ? 'real servers' : 'the model'}; the first, to warm up, does not count`,
    );
    for (const [index, version] of versions.entries())
      say(`  ${version} ${seconds(median(times[index] ?? []))}`);
    say(verdict(`time of ${versions[1]}, of ${versions[0]}`, now / before, 'at most', 1.2));
  } finally {
    await driver.stop();
  }
} finally {
  await endVolumes();
  await ground.stop();
}
