import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { controlPlaneComponents, findBinaries, versionOf, type Progress } from './components.ts';
import type { Ground } from './contract.ts';
import {
  startApiServer,
  startEtcd,
  waitForApiServer,
  writeCertificates,
  type ControlPlaneFiles,
  type ControlPlaneNetwork,
} from './control-plane.ts';
import { freePorts } from '../support/free-ports.ts';
import { writeKubeconfig } from '../support/kubeconfig.ts';
import { kubectlFor } from './kubectl.ts';
import { signalMeant, waitUntilEnded, type GroundProcess } from '../support/processes.ts';
import {
  createStateDirectory,
  readRecord,
  removeGround,
  removeGroundNow,
  writeRecord,
  type GroundRecord,
} from './state.ts';

/** A ground of this machine that is being made: its directory and the record of what is on the machine. */
export interface GroundState {
  readonly directory: string;
  update(change: Partial<GroundRecord>): void;
  /** Records a process the moment it is there. */
  started(process: GroundProcess): void;
}

const liveGrounds = new Set<string>();

/** Begins a ground: from here on, whatever ends this process, the ground goes with it or at the next start. */
export function openState(record: GroundRecord): GroundState {
  const directory = createStateDirectory();
  if (liveGrounds.size === 0) process.once('exit', removeLiveGrounds);
  liveGrounds.add(directory);
  let current = record;
  const update = (change: Partial<GroundRecord>) => {
    current = { ...current, ...change };
    writeRecord(directory, current);
  };
  update({});
  return {
    directory,
    update,
    started: ({ name, pid, startTime }) =>
      update({ processes: { ...current.processes, [name]: { pid, startTime } } }),
  };
}

function removeLiveGrounds(): void {
  for (const directory of liveGrounds) removeGroundNow(directory);
}

export async function closeState(directory: string): Promise<void> {
  if (!liveGrounds.has(directory)) return;
  await removeGround(directory, readRecord(directory));
  liveGrounds.delete(directory);
  if (liveGrounds.size === 0) process.removeListener('exit', removeLiveGrounds);
}

/** How a local control plane runs: in which namespaces, on which addresses, with which further flags. */
export interface ControlPlaneOptions {
  readonly state: GroundState;
  readonly binaries: Readonly<Record<'etcd' | 'kube-apiserver' | 'kubectl', string>>;
  readonly network: ControlPlaneNetwork;
  /** What stands before each command: how to enter the ground's namespaces. */
  readonly prefix: readonly string[];
  readonly apiServerFlags: readonly string[];
}

/** A running control plane, and of a ground what can be done with no more than that. */
export interface ControlPlane extends Pick<
  Ground,
  'kubeconfig' | 'kubectl' | 'kubeconfigFor' | 'restartApiServer'
> {
  readonly files: ControlPlaneFiles;
  readonly server: string;
}

/** Starts etcd and the API server and waits for them. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { state, binaries, network, prefix, apiServerFlags } = options;
  const { directory } = state;
  const files = await writeCertificates(directory, network);
  const server = `https://${network.address}:${network.port}`;
  state.started(startEtcd(binaries.etcd, prefix, directory, network));

  // The API server asks etcd until it answers: they may start together.
  const start = () => startApiServer(binaries['kube-apiserver'], prefix, files, network, apiServerFlags);
  let apiServer = start();
  state.started(apiServer);
  await waitForApiServer(apiServer, files, network);

  const access = { server, authority: files.authority.certificate };
  const kubeconfig = join(directory, 'kubeconfig');
  writeKubeconfig(kubeconfig, { ...access, ...files.administrator });
  mkdirSync(join(directory, 'kubeconfigs'));
  return {
    files,
    server,
    kubeconfig,
    kubectl: kubectlFor(binaries.kubectl, kubeconfig, directory),
    async kubeconfigFor(user, groups) {
      const name = [user, ...groups]
        .join('-')
        .replaceAll(/[^\w.-]/g, '-')
        .slice(0, 200);
      const file = join(directory, 'kubeconfigs', name);
      writeKubeconfig(file, {
        ...access,
        ...(await files.authority.issue({ kind: 'client', user, groups })),
      });
      return file;
    },
    async restartApiServer() {
      signalMeant(apiServer, 'SIGTERM');
      // Open watches would hold it for a minute.
      if ((await waitUntilEnded([apiServer], 2000)).length > 0) signalMeant(apiServer, 'SIGKILL');
      await waitUntilEnded([apiServer], 5000);
      apiServer = start();
      state.started(apiServer);
      await waitForApiServer(apiServer, files, network);
    },
  };
}

/** A ground of etcd and the API server, on free ports of the loopback address. Needs no root. */
export async function startControlPlaneGround(kept: boolean, progress: Progress): Promise<Ground> {
  const { paths, source: binariesSource } = await findBinaries(controlPlaneComponents, progress);
  const source = `etcd and kube-apiserver ${versionOf('kubernetes')} on this machine (${binariesSource})`;
  progress(`starting ${source}`);
  for (let attempt = 1; ; attempt += 1) {
    const state = openState({ size: 'control-plane', source, kept, processes: {} });
    try {
      const [port = 0, etcdPort = 0, etcdPeerPort = 0] = await freePorts(3);
      const { kubeconfig, kubectl, kubeconfigFor, restartApiServer } = await startControlPlane({
        state,
        binaries: paths,
        network: {
          address: '127.0.0.1',
          port,
          etcdPort,
          etcdPeerPort,
          // Nothing routes them here; as many as kubeadm gives, for a thousand clusters at once.
          services: '10.96.0.0/12',
          firstService: '10.96.0.1',
        },
        prefix: [],
        // Nobody makes service accounts here, and the API server's own Service has no address to point at.
        apiServerFlags: ['--disable-admission-plugins=ServiceAccount', '--endpoint-reconciler-type=none'],
      });
      return {
        size: 'control-plane',
        isOwn: true,
        kubeconfig,
        directory: state.directory,
        source,
        hostAddress: '127.0.0.1',
        kubectl,
        kubeconfigFor,
        loadImage: () => Promise.reject(new Error('a control-plane ground has no node to load an image on')),
        restartApiServer,
        stop: () => closeState(state.directory),
      };
    } catch (error) {
      await closeState(state.directory);
      // Somebody may take a port between our look and the start.
      if (attempt === 3 || !String(error).includes('address already in use')) throw error;
    }
  }
}
