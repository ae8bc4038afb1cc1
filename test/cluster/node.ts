import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { connect, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import { createCgroup } from './cgroup.ts';
import type { KeyPair } from '../support/certificates.ts';
import { runCommand, type CommandResult } from '../../packaging/command.ts';
import { findBinaries, nodeComponents, versionOf, type Binaries, type Progress } from './components.ts';
import type { Ground, PodNetwork } from './contract.ts';
import { pauseImage, pauseTag } from './images.ts';
import { writeKubeconfig } from '../support/kubeconfig.ts';
import { closeState, openState, startControlPlane, type ControlPlane, type GroundState } from './local.ts';
import { joinHostAndGround, nodeBridge, setUpInside, type GroundAddresses } from './network.ts';
import { installMissingPackages } from './packages.ts';
import {
  childOf,
  startProcess,
  waitUntilReady,
  type GroundProcess,
  type ProcessIdentity,
} from '../support/processes.ts';

/** The name of the one node. */
export const nodeName = 'ground';

const containerdSocket = '/run/containerd/containerd.sock';

/** A node that is being started: its state, what is there of it, and how to run a command inside. */
interface NodeContext {
  readonly state: GroundState;
  readonly paths: Binaries<(typeof nodeComponents)[number]>['paths'];
  readonly enter: readonly string[];
  readonly addresses: GroundAddresses;
  readonly podNetwork: PodNetwork;
  readonly cgroup: string;
}

/** A ground with one node, in namespaces of its own. Needs root. */
export async function startNodeGround(
  podNetwork: PodNetwork,
  kept: boolean,
  progress: Progress,
): Promise<Ground> {
  await installMissingPackages(progress);
  const { paths, source: binariesSource } = await findBinaries(nodeComponents, progress);
  const pause = await pauseImage(progress);
  const source = `a node of Kubernetes ${versionOf('kubernetes')} on this machine (${binariesSource})`;
  progress(`starting ${source}`);
  const state = openState({ size: 'node', source, kept, processes: {} });
  try {
    const first = await openNamespaces(state);
    const enter = ['nsenter', `--target=${first.pid}`, '--net', '--mount', '--pid', '--'];
    const addresses = await joinHostAndGround(first.pid, (uplink) => state.update({ uplink }));
    await setUpInside(enter, addresses, state.directory);
    const cgroup = basename(state.directory);
    state.update({ cgroup });
    createCgroup(cgroup);
    const context: NodeContext = { state, paths, enter, addresses, podNetwork, cgroup };

    const [controlPlane] = await Promise.all([
      startNodeControlPlane(context),
      startContainerd(context, pause),
    ]);
    await startComponents(context, controlPlane);
    const { kubeconfig, kubectl, kubeconfigFor, restartApiServer } = controlPlane;
    // Suites that share the node ask for the same images, each hundreds of megabytes.
    const loaded = new Map<string, Promise<void>>();
    return {
      size: 'node',
      isOwn: true,
      kubeconfig,
      directory: state.directory,
      source,
      hostAddress: addresses.host,
      kubectl,
      kubeconfigFor,
      loadImage(archive) {
        const loading = loaded.get(archive) ?? importImage(enter, archive);
        loaded.set(archive, loading);
        return loading;
      },
      restartApiServer,
      stop: () => closeState(state.directory),
    };
  } catch (error) {
    await closeState(state.directory);
    throw error;
  }
}

/**
 * Opens a network, a mount and a process namespace, and hides in them the folders components
 * insist on. The kernel ends all that is inside when the first process does: no process, mount
 * or network device outlives the ground, however its owner ended.
 *
 * @returns the first process
 */
async function openNamespaces(state: GroundState): Promise<ProcessIdentity> {
  const hidden = join(state.directory, 'var-lib');
  for (const part of ['upper', 'work']) mkdirSync(join(hidden, part), { recursive: true });
  const script = [
    // containerd's, runc's and the network plugins' sockets and mount points.
    'mount -t tmpfs tmpfs /run',
    // The kubelet's links to the pods' logs.
    'mount -t tmpfs tmpfs /var/log',
    // The network plugins' cache, whose place cannot be chosen. An overlay, because what else lies here must stay in sight.
    `mount -t overlay -o "lowerdir=/var/lib,upperdir=${hidden}/upper,workdir=${hidden}/work" overlay /var/lib`,
    'echo the namespaces are ready',
    // The first process of a process namespace inherits orphans: the shell reaps them as it waits.
    'while :; do sleep 1000000 & wait; done',
  ].join('\n');
  const holder = startProcess({
    name: 'namespaces',
    // prettier-ignore
    command: [
      'unshare', '--net', '--mount', '--propagation', 'private', '--pid', '--mount-proc',
      '--fork', '--kill-child=KILL', 'sh', '-e', '-c', script,
    ],
    logDirectory: join(state.directory, 'logs'),
  });
  state.started(holder);
  const isOpen = () => Promise.resolve(readFileSync(holder.logFile, 'utf8').includes('namespaces are ready'));
  await waitUntilReady(holder, isOpen, 10_000);
  const first = childOf(holder.pid);
  if (first === undefined) throw new Error('the first process of the namespaces is gone');
  state.started({ ...holder, ...first, name: 'first process' });
  return first;
}

function startNodeControlPlane({ state, paths, enter, addresses }: NodeContext): Promise<ControlPlane> {
  const { node, services, firstService } = addresses;
  return startControlPlane({
    state,
    binaries: paths,
    network: { address: node, port: 6443, etcdPort: 2379, etcdPeerPort: 2380, services, firstService },
    prefix: enter,
    // No name server knows the node's name.
    apiServerFlags: ['--kubelet-preferred-address-types=InternalIP'],
  });
}

function startComponent(
  { state, enter }: NodeContext,
  name: string,
  command: readonly string[],
): GroundProcess {
  const started = startProcess({ name, prefix: enter, command, logDirectory: join(state.directory, 'logs') });
  state.started(started);
  return started;
}

/** Writes a file into the state directory and gives its path. */
function writeFile({ state }: NodeContext, name: string, content: string): string {
  const file = join(state.directory, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

async function startContainerd(context: NodeContext, pause: string): Promise<void> {
  const { directory } = context.state;
  const cni = join(directory, 'cni');
  mkdirSync(cni);
  writeFileSync(join(cni, '10-ground.conflist'), podNetworkConfig(context));
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const config = `version = 2
root = "${directory}/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory}/containerd-opt"
[${cri}]
  sandbox_image = "${pauseTag}"
  # Root without CAP_SYS_RESOURCE may not lower a score: without this no sandbox starts there.
  restrict_oom_score_adj = true
[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
[${cri}.cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${cni}"
`;
  const file = writeFile(context, 'containerd.toml', config);
  const containerd = startComponent(context, 'containerd', ['containerd', `--config=${file}`]);
  const isReady = async () => (await ctr(context.enter, ['version'])).code === 0;
  await waitUntilReady(containerd, isReady, 30_000);
  await importImage(context.enter, pause);
}

async function importImage(enter: readonly string[], archive: string): Promise<void> {
  const { code, stderr } = await ctr(enter, ['images', 'import', archive]);
  if (code !== 0) throw new Error(`${archive} cannot be imported: ${stderr}`);
}

/** Runs containerd's client on the images and containers of Kubernetes. */
function ctr(enter: readonly string[], args: readonly string[]): Promise<CommandResult> {
  const [command = '', ...inside] = enter;
  return runCommand(command, [
    ...inside,
    'ctr',
    `--address=${containerdSocket}`,
    '--namespace=k8s.io',
    ...args,
  ]);
}

/** The CNI configuration: routed pods, or pods on one bridge with the node. */
function podNetworkConfig({ state, addresses, podNetwork }: NodeContext): string {
  const ipam = (subnet: string) => ({
    type: 'host-local',
    dataDir: join(state.directory, 'cni-addresses'),
    ranges: [[{ subnet }]],
    routes: [{ dst: '0.0.0.0/0' }],
  });
  const plugins = {
    ptp: { type: 'ptp', ipMasq: false, ipam: ipam(addresses.podSubnet) },
    bridge: {
      type: 'bridge',
      bridge: nodeBridge,
      isGateway: true,
      hairpinMode: true,
      ipMasq: false,
      ipam: ipam(addresses.nodeSubnet),
    },
  };
  return JSON.stringify({ cniVersion: '0.4.0', name: 'ground', plugins: [plugins[podNetwork]] });
}

/** Starts what makes a node of a control plane, all at once, and waits until pods can run. */
async function startComponents(context: NodeContext, controlPlane: ControlPlane): Promise<void> {
  const { files, server, kubectl } = controlPlane;
  const { authority } = files;
  const kubeconfigOf = async (name: string, user: string, groups: readonly string[] = []) => {
    const file = join(context.state.directory, `${name}.kubeconfig`);
    const keys = await authority.issue({ kind: 'client', user, groups });
    writeKubeconfig(file, { server, authority: authority.certificate, ...keys });
    return file;
  };
  const [forManager, forScheduler, forKubelet, forProxy, forDns] = await Promise.all([
    kubeconfigOf('kube-controller-manager', 'system:kube-controller-manager'),
    kubeconfigOf('kube-scheduler', 'system:kube-scheduler'),
    kubeconfigOf('kubelet', `system:node:${nodeName}`, ['system:nodes']),
    kubeconfigOf('kube-proxy', 'system:kube-proxy'),
    kubeconfigOf('coredns', dnsUser),
  ]);
  const serving = await authority.issue({
    kind: 'server',
    name: nodeName,
    addresses: [nodeName, context.addresses.node, '127.0.0.1'],
  });
  startControllerManager(context, forManager);
  startScheduler(context, forScheduler);
  const kubelet = startKubelet(context, forKubelet, serving);
  startProxy(context, forProxy);
  const granted = kubectl(['apply', '--filename=-'], { input: JSON.stringify(dnsRights) });
  startDns(context, forDns);
  const { code, stderr } = await granted;
  if (code !== 0) throw new Error(`CoreDNS got no rights: ${stderr}`);
  const client = connect({ kubeconfig: controlPlane.kubeconfig });
  try {
    await waitUntilReady(kubelet, () => runsPods(client).catch(() => false), 120_000);
  } finally {
    await client.close();
  }
}

interface Node {
  readonly spec?: { readonly taints?: readonly unknown[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Whether the node is ready, nothing keeps pods off it and their service account is there. */
async function runsPods(client: KubernetesClient): Promise<boolean> {
  const node = await client.get<Node>(`/api/v1/nodes/${nodeName}`);
  const isReady = node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (isReady !== true || (node?.spec?.taints ?? []).length > 0) return false;
  return (await client.get('/api/v1/namespaces/default/serviceaccounts/default')) !== undefined;
}

function startControllerManager(context: NodeContext, kubeconfig: string): void {
  const certificates = join(context.state.directory, 'certificates');
  startComponent(context, 'kube-controller-manager', [
    context.paths['kube-controller-manager'],
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${certificates}/service-account.key`,
    `--root-ca-file=${certificates}/ca.crt`,
    // System actors carry their real names at admission.
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ]);
}

function startScheduler(context: NodeContext, kubeconfig: string): void {
  startComponent(context, 'kube-scheduler', [
    context.paths['kube-scheduler'],
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ]);
}

function startKubelet(context: NodeContext, kubeconfig: string, serving: KeyPair): GroundProcess {
  const { state, addresses, cgroup } = context;
  const { directory } = state;
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '0.0.0.0',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(directory, 'certificates', 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: writeFile(context, 'kubelet.crt', serving.certificate),
    tlsPrivateKeyFile: writeFile(context, 'kubelet.key', serving.key),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    clusterDomain: 'cluster.local',
    clusterDNS: [addresses.node],
    // Pods ask the cluster's DNS alone: this machine's own is out of reach.
    resolvConf: '',
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    // Without QoS cgroups kubelet 1.36.3 died, and its node's pods were evicted.
    cgroupsPerQOS: true,
    enforceNodeAllocatable: ['pods'],
    // Zero is refused.
    evictionHard: { 'memory.available': '10Mi' },
    imageGCHighThresholdPercent: 100,
    podLogsDir: join(directory, 'pod-logs'),
    volumePluginDir: join(directory, 'volume-plugins'),
  };
  return startComponent(context, 'kubelet', [
    context.paths.kubelet,
    `--config=${writeFile(context, 'kubelet.json', JSON.stringify(config, undefined, 2))}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${join(directory, 'kubelet')}`,
    `--cert-dir=${join(directory, 'kubelet-certificates')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
  ]);
}

function startProxy(context: NodeContext, kubeconfig: string): void {
  startComponent(context, 'kube-proxy', [
    context.paths['kube-proxy'],
    '--proxy-mode=nftables',
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${nodeName}`,
    // The limits of connection tracking are not a namespace's to set.
    '--conntrack-max-per-core=0',
    '--conntrack-min=0',
    '--conntrack-tcp-timeout-established=0',
    '--conntrack-tcp-timeout-close-wait=0',
  ]);
}

const dnsUser = 'rollguard.test:coredns';

const dnsRights = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: dnsUser },
      rules: [
        { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: dnsUser },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: dnsUser },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: dnsUser }],
    },
  ],
};

function startDns(context: NodeContext, kubeconfig: string): void {
  const config = `.:53 {
  bind ${context.addresses.node}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    ttl 1
  }
}
`;
  const file = writeFile(context, 'Corefile', config);
  startComponent(context, 'coredns', [context.paths.coredns, `-conf=${file}`]);
}
