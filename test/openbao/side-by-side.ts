import type { Flavour } from './flavours.ts';
import { LocalCluster } from './local-cluster.ts';

type Step = (cluster: LocalCluster) => Promise<void>;

/** Defines one test, whose step runs on all clusters at the same time. */
type On = (title: string, step: Step) => void;

/**
 * Clusters that go through the same steps side by side, each with its first node started.
 *
 * @param flavours for each cluster what its first node runs
 * @param subnet first two numbers of their addresses, such as `127.31`
 */
export function sideBySide(
  flavours: () => Promise<readonly Flavour[]> | readonly Flavour[],
  subnet: string,
): On {
  let clusters: readonly LocalCluster[] = [];

  before('start a node of each', async function () {
    clusters = (await flavours()).map(
      (flavour, number) => new LocalCluster(flavour, `${subnet}.${number + 1}`),
    );
    for (const cluster of clusters) cluster.start(0, { initialize: true });
  });

  after('stop them', async function () {
    await Promise.all(clusters.map((cluster) => cluster.close()));
  });

  return (title, step) =>
    it(title, async function () {
      const results = await Promise.allSettled(clusters.map(step));
      for (const [number, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        const { kind = '', version = '' } = clusters[number]?.flavour ?? {};
        const { reason } = result as { reason: unknown };
        if (reason instanceof Error) reason.message = `${kind} ${version}: ${reason.message}`;
        throw reason;
      }
    });
}
