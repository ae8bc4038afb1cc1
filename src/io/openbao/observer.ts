import type { Pod } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { Member, RaftConfiguration, SealableNamespace } from '../../core/model/observation.ts';
import { podHost, ports, roles } from '../../core/model/names.ts';
import { readSealableNamespaces } from './sealable-namespaces.ts';
import { keepOpenBaoConnections } from './connections.ts';
import { podOfAddress, readMember } from './member.ts';
import { openBaoSession, type OpenBaoSession } from './session.ts';
import type { CallOptions, OpenBaoNode } from './node.ts';

/** Milliseconds for one look at all namespaces. */
const namespacesMs = 10_000;

/** What the observer is given. */
interface ObserverOptions {
  /** The CA of a cluster's members, PEM. @throws Error that fits behind a colon */
  readonly ca: (cluster: OpenBaoCluster) => Promise<string>;
  /** The controller's own ServiceAccount token for OpenBao. */
  readonly jwt: () => Promise<string>;
  /** Milliseconds for each call. Default 2,000: a member that hangs holds up one look at its cluster. */
  readonly timeoutMs?: number;
}

/**
 * OpenBao as the controller reads it: each pod by its address, under its name, as the role rollguard-observer.
 * Nothing here changes anything but by its logins.
 */
export function openBaoObserver({ ca, jwt, timeoutMs = 2000 }: ObserverOptions) {
  const connections = keepOpenBaoConnections();
  const sessions = new Map<string, OpenBaoSession>();
  const plainNamespaces = new Map<string, Set<string>>();
  const options: CallOptions = { timeoutMs };

  const nodeOf = async (cluster: OpenBaoCluster, pod: Pod): Promise<OpenBaoNode> => {
    const { metadata, spec } = cluster;
    const { name = '' } = pod.metadata;
    const address = { pod: name, url: urlOf(cluster, pod) };
    if (spec.tls?.enabled === false) return connections.to(address);
    const servername = podHost(metadata.name ?? '', metadata.namespace ?? '', name);
    return connections.to({ ...address, servername, ca: await ca(cluster) });
  };
  const read = async <T>(
    cluster: OpenBaoCluster,
    pod: Pod,
    call: (node: OpenBaoNode, token: string) => Promise<T>,
  ): Promise<T> => {
    const node = await nodeOf(cluster, pod);
    return sessionOf(cluster).run(node, (token) => call(node, token), options);
  };
  // By UID: a cluster made again under the name knows no token of the old one.
  const sessionOf = ({ metadata }: OpenBaoCluster): OpenBaoSession => {
    const key = metadata.uid ?? '';
    const session = sessions.get(key) ?? openBaoSession(roles.observer, jwt);
    sessions.set(key, session);
    return session;
  };

  return {
    /** What a pod says of itself. @throws OpenBaoError */
    async member(cluster: OpenBaoCluster, pod: Pod): Promise<Member> {
      const { name = '', namespace = '' } = cluster.metadata;
      const node = await nodeOf(cluster, pod);
      return readMember(node, pod.metadata.uid ?? '', podOfAddress(name, namespace), options);
    },
    /** Membership, from the pod that leads. @throws OpenBaoError */
    raftConfiguration: (cluster: OpenBaoCluster, leader: Pod): Promise<RaftConfiguration> =>
      read(cluster, leader, (node, token) => node.raftConfiguration(token, options)),
    /** Every version that was ever active, from the pod that leads. @throws OpenBaoError */
    versionHistory: (cluster: OpenBaoCluster, leader: Pod): Promise<readonly string[]> =>
      read(cluster, leader, (node, token) => node.versionHistory(token, options)),
    /**
     * The sealable namespaces, and which of these members hold their keys; cut short after `namespacesMs`.
     *
     * @param others beside the leader
     * @throws Error that fits behind a colon where the leader cannot say it
     */
    sealableNamespaces(
      cluster: OpenBaoCluster,
      leader: Pod,
      others: readonly Pod[],
    ): Promise<readonly SealableNamespace[]> {
      const bounded = { ...options, signal: AbortSignal.timeout(namespacesMs) };
      const holder = (pod: Pod) => ({
        pod: pod.metadata.name ?? '',
        isSealed: (path: string) =>
          read(cluster, pod, (node, token) => node.isNamespaceSealed(token, path, bounded)),
      });
      const namespaces = () => read(cluster, leader, (node, token) => node.namespaces(token, bounded));
      const key = cluster.metadata.uid ?? '';
      const plain = plainNamespaces.get(key) ?? new Set<string>();
      plainNamespaces.set(key, plain);
      return readSealableNamespaces({ ...holder(leader), namespaces }, others.map(holder), plain);
    },
    /** Drops what is kept of a cluster that is gone; its connections end by themselves. */
    forget: (clusterUID: string): void => {
      sessions.delete(clusterUID);
      plainNamespaces.delete(clusterUID);
    },
    close: (): Promise<void> => connections.close(),
  };
}

function urlOf({ spec }: OpenBaoCluster, { status }: Pod): string {
  const ip = status?.podIP ?? '';
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return `${spec.tls?.enabled === false ? 'http' : 'https'}://${host}:${ports.api}`;
}
