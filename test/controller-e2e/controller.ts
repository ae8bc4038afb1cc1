import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { controllerFlags } from '../../packaging/image/dockerfile.ts';
import { crashingControllerBundle } from '../cluster/bundle.ts';
import type { Ground } from '../cluster/contract.ts';
import { freePorts } from '../support/free-ports.ts';
import { rollguardTag } from '../cluster/images.ts';
import { crdNames, untilEstablished } from '../support/crds.ts';
import { succeed } from '../support/gate.ts';
import { storedObject } from '../support/stored-object.ts';
import { provideNamespace } from '../support/namespace.ts';

/** Who the controller is on the API server. */
const user = 'system:serviceaccount:rollguard-system:rollguard-controller';
const groups = ['system:serviceaccounts', 'system:serviceaccounts:rollguard-system', 'system:authenticated'];

/** The controller, as a process of this machine with the rights of its ServiceAccount. */
export interface Driver {
  /** Starts it; with `crashAfter` or `crashBefore` it ends as by SIGKILL around its n-th effect. */
  start(options?: {
    readonly crashAfter?: number;
    readonly crashBefore?: number;
    readonly deadlines?: Readonly<Record<string, number>>;
  }): Promise<void>;
  /** Resolves when it ended by itself. */
  readonly ended: () => Promise<void>;
  isRunning(): boolean;
  pid(): number;
  /** Where its metrics are. */
  readonly statusPort: number;
  /** Ends it in good order. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** What it logged, all starts together. */
  log(): string;
}

/** Gives a ground the CRDs, and the controller's rights. */
export async function prepareDriver(ground: Ground, namespace: string): Promise<void> {
  const kubectl = (args: readonly string[]) => ground.kubectl(args);
  await provideNamespace(ground, 'rollguard-system');
  await succeed(kubectl(['apply', '--server-side', '-k', 'manifests/crds']));
  await succeed(kubectl(['apply', '--server-side', '-f', 'manifests/controller/10-rbac.yaml']));
  await untilEstablished(ground, ...crdNames);
  await provideNamespace(ground, namespace);
}

/** @param program another than the controller that crashes where it is told: a bundle's `main.js` does not crash */
export async function driverOn(ground: Ground, program?: string): Promise<Driver> {
  const main = program ?? (await crashingControllerBundle());
  const kubeconfig = await ground.kubeconfigFor(user, groups);
  const logFile = join(ground.directory, 'logs', 'rollguard-controller.log');
  const [statusPort = 0] = await freePorts(1);
  let child: ChildProcess | undefined;
  let exited: Promise<void> = Promise.resolve();
  // However the tests end.
  process.once('exit', () => child?.kill('SIGKILL'));
  const end = async (signal: NodeJS.Signals) => {
    child?.kill(signal);
    await exited;
  };
  return {
    async start({ crashAfter, crashBefore, deadlines = {} } = {}) {
      const args = [
        `--status-port=${statusPort}`,
        `--executor-image=${rollguardTag}`,
        `--kubeconfig=${kubeconfig}`,
        ...Object.entries(deadlines).map(([phase, seconds]) => `--deadline=${phase}=${seconds}`),
      ];
      const process_ = spawn(process.execPath, [...controllerFlags(), main, 'controller', ...args], {
        env: {
          ...process.env,
          ...(crashAfter === undefined ? {} : { CRASH_AFTER: String(crashAfter) }),
          ...(crashBefore === undefined ? {} : { CRASH_BEFORE: String(crashBefore) }),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const log = createWriteStream(logFile, { flags: 'a' });
      process_.stdout.pipe(log, { end: false });
      process_.stderr.pipe(log, { end: false });
      child = process_;
      exited = new Promise((resolve) => process_.once('exit', () => resolve()));
      await new Promise<void>((resolve, reject) => {
        process_.once('spawn', resolve);
        process_.once('error', reject);
      });
    },
    ended: () => exited,
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    pid: () => child?.pid ?? 0,
    statusPort,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    log: () => readFileSync(logFile, 'utf8'),
  };
}

/** One OpenBaoCluster, as a person works with it. */
export interface ClusterHandle {
  readonly namespace: string;
  readonly name: string;
  create(spec: object): Promise<void>;
  patch(patch: object): Promise<void>;
  read(): Promise<OpenBaoCluster>;
  /** Resolves with the cluster when it is so. @throws Error that shows its status when it does not become so */
  until(
    what: string,
    isSo: (cluster: OpenBaoCluster) => boolean,
    timeoutMs?: number,
  ): Promise<OpenBaoCluster>;
  remove(): Promise<void>;
}

export function clusterHandle(ground: Ground, namespace: string, name: string): ClusterHandle {
  const type = { apiVersion: 'openbao.org/v1alpha1', kind: 'OpenBaoCluster' };
  const { client, path, read, until } = storedObject<OpenBaoCluster>(ground, { ...type, namespace, name });
  return {
    namespace,
    name,
    read,
    async create(spec) {
      await client.create(path.slice(0, path.lastIndexOf('/')), {
        ...type,
        metadata: { name, namespace },
        spec,
      });
    },
    async patch(patch) {
      await client.request({ method: 'PATCH', path, body: patch });
    },
    until: (what, isSo, timeoutMs = 180_000) => until(what, isSo, timeoutMs),
    async remove() {
      await client.remove(path, { body: { propagationPolicy: 'Foreground' } });
      await client.close();
    },
  };
}

/** Whether every member is a Ready voter of the version. */
export const runs =
  (version: string) =>
  ({ spec, status }: OpenBaoCluster): boolean =>
    status?.currentVersion === version &&
    status.upgrade === undefined &&
    status.raft?.voters?.length === (spec.replicas ?? 3) &&
    condition('Ready')({ spec, status } as OpenBaoCluster) === 'True';

/** Whether a blue-green upgrade was given up, and those that vote are all of before. It is not Ready: spec asks for more. */
export const isBackOn =
  (version: string) =>
  ({ spec, status }: OpenBaoCluster): boolean =>
    status?.blueGreen?.phase === 'Idle' &&
    status.blueGreen.rejectedTarget !== undefined &&
    status.currentVersion === version &&
    status.raft?.voters?.length === (spec.replicas ?? 3);

export const condition =
  (type: string) =>
  ({ status }: OpenBaoCluster): string | undefined =>
    status?.conditions?.find((each) => each.type === type)?.status;
