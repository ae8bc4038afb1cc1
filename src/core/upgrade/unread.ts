import { runningVersionLabel } from '../../api/labels.ts';
import { imageOf } from '../model/server-container.ts';
import type { Command } from '../model/explanation.ts';
import { serverContainer } from '../model/names.ts';
import type { Observation } from '../model/observation.ts';
import { isReady } from '../model/selectors.ts';
import { activeMember } from '../raft/leader.ts';
import type { Peer, Peers } from '../raft/peers.ts';
import { imageVersion, tagVersion } from '../version/image-reference.ts';

/** An answer of a member that runs, which could not be understood: of another shape, refused, or none at all. */
export interface UnreadAnswer {
  /** Who gave it. */
  readonly pod: string;
  /** What that pod runs, such as `2.6.0`; absent where nobody says it. */
  readonly version?: string;
  /** `member`: what it says of itself; `membership`: what it says of Raft as the leader, a login included. */
  readonly of: 'member' | 'membership';
  /** Call and answer in words: what stands as the cause wherever this is waited for. */
  readonly cause: string;
}

interface Read {
  readonly peers: Peers;
  readonly observation: Pick<Observation, 'raft'>;
}

/**
 * Whether a pod is Ready, which is to say that it answers the kubelet and is unsealed, and yet cannot be read by us.
 * For a moment that is nothing; for the whole time of a step it does not pass by itself.
 */
export const isUnread = ({ pod, member }: Peer): boolean =>
  pod !== undefined &&
  isReady(pod) &&
  pod.metadata.deletionTimestamp === undefined &&
  member.kind === 'unknown';

/** Every answer that could not be understood, the members' own first. */
export function unreadAnswers({ peers, observation: { raft } }: Read): readonly UnreadAnswer[] {
  const own = peers.expected.flatMap((peer): readonly UnreadAnswer[] =>
    peer.member.kind === 'unknown' && isUnread(peer)
      ? [{ pod: peer.name, ...versionOf(peer), of: 'member', cause: peer.member.cause }]
      : [],
  );
  if (raft.kind === 'known') return own;
  const answering = peers.expected.flatMap(({ member }) => (member.kind === 'known' ? [member.value] : []));
  const active = activeMember(answering);
  if (active === undefined) return own;
  return [...own, { pod: active.pod, version: active.version, of: 'membership', cause: raft.cause }];
}

/** Those of them because of which this is waited for. */
export const unreadBehind = (read: Read, reason: string): readonly UnreadAnswer[] => {
  const { peers, observation } = read;
  // Who leads, and is asked who votes, is what several answers say together: each that is missing may be the one.
  const isLeaders = [peers.leader, observation.raft].some(
    (each) => each.kind === 'unknown' && reason.includes(each.cause),
  );
  return unreadAnswers(read).filter(({ cause }) => isLeaders || reason.includes(cause));
};

/** Which answer of which member of which version could not be understood; a clause. */
export const unreadInWords = (answers: readonly UnreadAnswer[]): string =>
  answers
    .map(({ pod, version, cause }) => {
      const server = version === undefined ? 'of an unknown version' : `OpenBao ${version}`;
      const said = cause.startsWith(`${pod}: `) ? cause.slice(pod.length + 2) : cause;
      return `${pod} (${server}) is Ready, but cannot be understood: ${said}`;
    })
    .join('; ');

/** What ends it outside of the cluster's spec; a clause. */
export function correction(answers: readonly UnreadAnswer[], namespace: string): string {
  const pods = [...new Set(answers.map(({ pod }) => pod))];
  const logs = pods.map((pod) => `kubectl logs ${pod} -n ${namespace} -c ${serverContainer}`).join('; ');
  return `correct what answers there (see: ${logs}), or update Rollguard to a release that knows this OpenBao`;
}

/** One that leads can be relieved of it by hand: another leader may be understood. */
export function handOver(
  {
    peers,
    observation: { cluster },
  }: Pick<Read, 'peers'> & { readonly observation: Pick<Observation, 'cluster'> },
  answers: readonly UnreadAnswer[],
): readonly Command[] {
  const { namespace = 'default' } = cluster.metadata;
  const leads = (pod: string) =>
    peers.expected.some(({ member }) => member.kind === 'known' && member.value.leader === pod);
  return answers
    .filter(({ pod, of }) => peers.expected.length > 1 && (of === 'membership' || leads(pod)))
    .slice(0, 1)
    .map(({ pod }) => ({
      purpose: 'or let another member lead first',
      line: `kubectl exec -n ${namespace} ${pod} -c ${serverContainer} -- env BAO_TOKEN=TOKEN bao operator step-down`,
    }));
}

/** By what OpenBao wrote on its pod, else by its image: it cannot be asked. */
function versionOf({ pod }: Peer): { readonly version?: string } {
  const label = pod?.metadata.labels?.[runningVersionLabel];
  const image = imageOf(pod?.spec);
  const version =
    (label === undefined ? undefined : tagVersion(label)) ??
    (image === undefined ? undefined : imageVersion(image));
  return version === undefined ? {} : { version: version.canonical };
}
