import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { succeed } from '../support/gate.ts';
import { clusterHandle, runs, type ClusterHandle, type Driver } from './controller.ts';
import { driverSuite, older, type DriverSuite } from './suite.ts';
import { startWriter, writerRequests, type Writer } from './writer.ts';

/** What the stories of a suite have in common: each has a cluster of the older version, and a writer. */
export interface Stories {
  readonly ground: Ground;
  readonly driver: Driver;
  readonly suite: DriverSuite;
  /** Of the story that is told. */
  readonly cluster: ClusterHandle;
  readonly writer: Writer;
  readonly kubectl: (...args: readonly string[]) => ReturnType<Ground['kubectl']>;
  /** The cluster comes up, and the writer begins. */
  readonly begin: (
    name: string,
    options?: { readonly spec?: object; readonly deadlines?: Readonly<Record<string, number>> },
  ) => Promise<void>;
  /** Names of the cluster's objects of a kind. */
  readonly names: (kind: string, component?: string) => Promise<readonly string[]>;
  /** Sets spec.upgrade.requests. */
  readonly request: (kind: 'promote' | 'rollback' | 'retry' | 'cleanup') => Promise<void>;
  /** Ends the writer: every acknowledged write must be there. */
  readonly nothingIsLost: () => Promise<void>;
}

/**
 * Does something once in each of these phases of an upgrade, in whatever order they come.
 *
 * @throws Error with those that were not seen before it was over
 */
export async function inEach(
  { cluster }: Stories,
  phases: readonly string[],
  {
    phase,
    isOver,
  }: {
    readonly phase: (now: OpenBaoCluster) => string | undefined;
    readonly isOver: (now: OpenBaoCluster) => boolean;
  },
  act: (now: OpenBaoCluster) => Promise<unknown>,
): Promise<void> {
  const left = new Set(phases);
  while (left.size > 0) {
    const what = [...left].join(' or ');
    const now = await cluster.until(what, (at) => left.has(phase(at) ?? '') || isOver(at), 300_000);
    if (!left.delete(phase(now) ?? '')) throw new Error(`it is over, and was not seen in ${what}`);
    await act(now);
  }
}

/**
 * For `describe`: sets up a node, and tidies up after each story, which must not load the machine of the next.
 *
 * @param versions of OpenBao that there are to be, the first of which each cluster begins with
 */
export function storiesIn(namespace: string, versions?: readonly [string, ...string[]]): Stories {
  const [first] = versions ?? [older];
  let suite: DriverSuite | undefined;
  let cluster: ClusterHandle | undefined;
  let writer: Writer | undefined;
  const there = <Value>(value: Value | undefined): Value => {
    if (value === undefined) throw new Error('the story has not begun');
    return value;
  };
  const stories: Stories = {
    get suite() {
      return there(suite);
    },
    get ground() {
      return there(suite).ground;
    },
    get driver() {
      return there(suite).driver;
    },
    get cluster() {
      return there(cluster);
    },
    get writer() {
      return there(writer);
    },
    kubectl: (...args) => stories.ground.kubectl(['-n', namespace, ...args]),
    async begin(name, { spec = {}, deadlines = {} } = {}) {
      cluster = clusterHandle(stories.ground, namespace, name);
      await stories.driver.start({ deadlines });
      await cluster.create({
        version: first,
        storage: { size: '1Gi' },
        selfInit: { requests: writerRequests(namespace) },
        ...spec,
      });
      await cluster.until('up', runs(first));
      writer = await startWriter(stories.ground, namespace, name);
    },
    async names(kind, component) {
      const selector = [
        `openbao.org/cluster=${stories.cluster.name}`,
        ...(component === undefined ? [] : [`openbao.org/component=${component}`]),
      ];
      const { stdout } = await succeed(
        stories.kubectl('get', kind, '-l', selector.join(), '-o', 'jsonpath={.items[*].metadata.name}'),
      );
      return stdout.split(' ').filter((each) => each !== '');
    },
    request: (kind) =>
      stories.cluster.patch({ spec: { upgrade: { requests: { [kind]: new Date().toISOString() } } } }),
    async nothingIsLost() {
      const { lost } = await stories.writer.stop();
      writer = undefined;
      expect(lost).to.deep.equal([]);
    },
  };

  before(async function () {
    suite = await driverSuite(this, namespace, versions);
  });

  afterEach(async () => {
    await suite?.driver.stop();
    await writer?.[Symbol.asyncDispose]();
    writer = undefined;
    await stories.kubectl('delete', 'bao,pods,jobs,pvc', '--all', '--force', '--grace-period=0');
  });

  after(() => suite?.end());

  return stories;
}

/** The phase of the blue-green upgrade. */
export const phaseOf = ({ status }: OpenBaoCluster): string | undefined => status?.blueGreen?.phase;
