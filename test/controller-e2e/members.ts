import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../src/api/kubernetes.ts';
import { connectOpenBao, type OpenBaoNode } from '../../src/io/openbao/node.ts';
import { requestToken } from '../../src/io/kubernetes/issuer.ts';
import { connect } from '../../src/io/kubernetes/kubernetes.ts';
import { objectPath } from '../../src/io/kubernetes/resources.ts';
import { podHost } from '../../src/core/model/names.ts';
import type { Ground } from '../cluster/contract.ts';
import { serverCa, serverPods } from './servers.ts';
import type { Gap } from './writer.ts';

/** The members of a cluster, as a person with the writer's role sees and handles them. */
export interface Members {
  /** The pod that leads. */
  leader(): Promise<string | undefined>;
  /** Milliseconds from deleting the pod to the moment its successor has the index that the leader had when it was unsealed. */
  restart(pod: string): Promise<number>;
  stepDown(pod: string): Promise<void>;
  untilAnotherLeads(than: string): Promise<void>;
  /** The leader's index. */
  index(): Promise<number>;
  /** Resolves when the pod is unsealed and has applied that index. */
  untilCaughtUp(pod: string, index: number): Promise<void>;
  /** Resolves when the leader counts the pod as a voter. */
  promote(pod: string): Promise<void>;
  /** Resolves when the leader no longer counts the pod as a voter. */
  demote(pod: string): Promise<void>;
  /** Step-downs until the pod leads: where they land cannot be chosen. */
  leadFrom(pod: string): Promise<void>;
  close(): Promise<void>;
}

export async function membersOf(ground: Ground, namespace: string, cluster: string): Promise<Members> {
  const client = connect({ kubeconfig: ground.kubeconfig });
  const ca = await serverCa(client, namespace, cluster);
  const list = () => serverPods(client, namespace, cluster);
  const nodes = new Map<string, OpenBaoNode>();
  const nodeOf = (pod: Pod): OpenBaoNode => {
    const url = `https://${pod.status?.podIP}:8200`;
    const { uid, name = '' } = pod.metadata;
    const key = `${uid} ${url}`;
    const servername = podHost(cluster, namespace, name);
    const node = nodes.get(key) ?? connectOpenBao({ pod: name, url, servername, ca });
    nodes.set(key, node);
    return node;
  };
  const brief = { timeoutMs: 1_000 };
  const leaderPod = async (): Promise<Pod | undefined> => {
    for (const pod of await list()) {
      const health = await nodeOf(pod)
        .health(brief)
        .catch(() => undefined);
      if (health !== undefined && health.initialized && !health.sealed && !health.standby) return pod;
    }
    return undefined;
  };
  const leader = async () => (await leaderPod())?.metadata.name;
  const logIn = async (node: OpenBaoNode) => {
    const jwt = await requestToken(client, { namespace, name: 'default' }, 'openbao-internal', 600);
    return (await node.login('writer', jwt)).token;
  };
  const stepDown = async (pod: string) => {
    const found = (await list()).find(({ metadata }) => metadata.name === pod);
    if (found === undefined) throw new Error(`there is no pod ${pod}`);
    const node = nodeOf(found);
    await node.stepDown(await logIn(node));
  };
  const leadingNode = async () => {
    const found = await leaderPod();
    if (found === undefined) throw new Error('nobody leads');
    return nodeOf(found);
  };
  const vote = async (pod: string, votes: boolean) => {
    const node = await leadingNode();
    const token = await logIn(node);
    await (votes ? node.promote(token, pod) : node.demote(token, pod));
    for (;;) {
      const { servers } = await node.raftConfiguration(token);
      if (servers.find(({ id }) => id === pod)?.voter === votes) return;
      await sleep(50);
    }
  };
  const untilAnotherLeads = async (than: string) => {
    for (;;) {
      const now = await leader();
      if (now !== undefined && now !== than) return;
      await sleep(50);
    }
  };
  return {
    leader,
    index: async () => (await (await leadingNode()).leader(brief)).raft_committed_index ?? 0,
    async untilCaughtUp(pod, index) {
      for (;;) {
        const found = (await list()).find(({ metadata, status }) => metadata.name === pod && status?.podIP);
        const own =
          found === undefined
            ? undefined
            : await nodeOf(found)
                .leader(brief)
                .catch(() => undefined);
        if ((own?.raft_applied_index ?? 0) >= index) return;
        await sleep(50);
      }
    },
    promote: (pod) => vote(pod, true),
    demote: (pod) => vote(pod, false),
    async restart(pod) {
      const before = (await list()).find(({ metadata }) => metadata.name === pod);
      const begun = Date.now();
      await client.remove(objectPath({ apiVersion: 'v1', kind: 'Pod', namespace, name: pod }));
      let target: number | undefined;
      for (;;) {
        const now = (await list()).find(({ metadata }) => metadata.name === pod);
        if (now !== undefined && now.metadata.uid !== before?.metadata.uid && now.status?.podIP) {
          const own = await nodeOf(now)
            .leader(brief)
            .catch(() => undefined);
          const leading = await leaderPod();
          if (own !== undefined && leading !== undefined) {
            target ??= (await nodeOf(leading).leader(brief)).raft_committed_index ?? 0;
            if ((own.raft_applied_index ?? 0) >= target) return Date.now() - begun;
          }
        }
        await sleep(100);
      }
    },
    stepDown,
    untilAnotherLeads,
    async leadFrom(pod) {
      for (let attempt = 0; attempt < 10; attempt += 1) {
        const now = await leader();
        if (now === pod) return;
        if (now !== undefined) {
          await stepDown(now);
          await untilAnotherLeads(now);
        }
        // Two step-downs within 15 s stop the writes for 10 s (docs/facts/openbao-measured.md, 0.5).
        await sleep(16_000);
      }
      throw new Error(`${pod} did not come to lead`);
    },
    async close() {
      await Promise.all([...nodes.values()].map((node) => node.close()));
      await client.close();
    },
  };
}

/** Milliseconds of the longest gap since then; at least what a gap is called from. */
export const longestGap = (gaps: readonly Gap[], since: number): number =>
  Math.max(300, ...gaps.filter(({ from }) => from >= since).map(({ ms }) => ms));
