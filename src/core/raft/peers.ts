import type { Pod } from '../../api/kubernetes.ts';
import { defined } from '../../api/object-fields.ts';
import type { Member, Observation } from '../model/observation.ts';
import { known, unknown, type Known } from '../model/known.ts';
import { names } from '../model/names.ts';
import { isReachable } from '../model/server-container.ts';
import { isAnyGoing } from '../model/selectors.ts';
import { greenRevision, liveRevision } from '../model/members.ts';
import { voterIds } from './configuration.ts';
import { leaderOf } from './leader.ts';

/** One expected member of the Raft cluster, as far as it is known. */
export interface Peer {
  /** Its pod's name, which is its node id in Raft. */
  readonly name: string;
  readonly ordinal: number;
  readonly pod?: Pod;
  /** Somebody has deleted its volume, which goes as soon as its pod does. */
  readonly isVolumeGoing?: true;
  /** What this very pod says of itself; what an earlier pod of the name said is unknown. */
  readonly member: Known<Member>;
  /** Whether the leader counts it among the voters. */
  readonly voter: Known<boolean>;
}

/** The Raft cluster at one moment. Pods and peers are matched by exact names (docs/design.md, rule 4). */
export interface Peers {
  readonly expected: readonly Peer[];
  readonly leader: Known<string>;
  /** Ids of the voters, as the leader reports them. */
  readonly voters: Known<readonly string[]>;
  /** OpenBao's ids of the cluster among the members. More than one means more than one cluster. */
  readonly clusterIds: ReadonlyMap<string, readonly string[]>;
}

/**
 * @param replicas how many members there should be: the ordinals from 0
 * @param clusterID the id recorded for this cluster, if any
 * @param revision of which set; the one that serves when left out
 */
export function peersOf(
  {
    cluster,
    pods,
    members,
    raft,
    claims,
  }: Pick<Observation, 'cluster' | 'pods' | 'members' | 'raft'> & Partial<Pick<Observation, 'claims'>>,
  replicas: number,
  clusterID?: string,
  revision: string = liveRevision(cluster.status),
): Peers {
  return peersNamed(
    { pods, members, raft, ...defined({ claims }) },
    Array.from({ length: replicas }, (_, ordinal) => ({
      name: names(cluster.metadata.name ?? '', revision).pod(ordinal),
      ordinal,
    })),
    clusterID,
  );
}

/** Both halves of a blue-green upgrade as the one Raft cluster that they are, blue first. */
export function peersOfHalves(
  observation: Pick<Observation, 'cluster' | 'pods' | 'members' | 'raft'> &
    Partial<Pick<Observation, 'claims'>>,
  replicas: number,
  clusterID?: string,
): Peers {
  const { cluster } = observation;
  const revisions = [liveRevision(cluster.status), greenRevision(cluster.status)];
  const expected = revisions
    .filter((revision) => revision !== undefined)
    .flatMap((revision) =>
      Array.from({ length: replicas }, (_, ordinal) => ({
        name: names(cluster.metadata.name ?? '', revision).pod(ordinal),
        ordinal,
      })),
    );
  return peersNamed(observation, expected, clusterID);
}

function peersNamed(
  {
    pods,
    members,
    raft,
    claims,
  }: Pick<Observation, 'pods' | 'members' | 'raft'> & Partial<Pick<Observation, 'claims'>>,
  named: readonly Pick<Peer, 'name' | 'ordinal'>[],
  clusterID: string | undefined,
): Peers {
  const voters = raft.kind === 'known' ? known(voterIds(raft.value)) : raft;
  const expected = named.map(({ name, ordinal }): Peer => {
    const pod = pods.kind === 'known' ? pods.value.find(({ metadata }) => metadata.name === name) : undefined;
    return {
      name,
      ordinal,
      ...defined({ pod }),
      ...(isGoing(name, claims) ? { isVolumeGoing: true } : {}),
      member: memberOf(name, pod, members),
      voter: voters.kind === 'known' ? known(voters.value.includes(name)) : voters,
    };
  });
  const answering = expected.flatMap(({ member }) => (member.kind === 'known' ? [member.value] : []));
  return {
    expected,
    voters,
    leader: pods.kind === 'unknown' ? pods : leaderOf(answering, raft),
    clusterIds: clusterIdsOf(answering, clusterID),
  };
}

const isGoing = (pod: string, claims: Observation['claims'] | undefined): boolean =>
  claims?.kind === 'known' && isAnyGoing(claims.value, [pod]);

function memberOf(name: string, pod: Pod | undefined, members: Observation['members']): Known<Member> {
  const member = members.get(name);
  if (pod === undefined) return unknown('it has no pod');
  if (member === undefined) return unknown(whyNotAsked(pod));
  if (member.kind === 'known' && member.value.podUID !== pod.metadata.uid) {
    return unknown('only an earlier pod of this name has answered');
  }
  return member;
}

/** Where no StatefulSet of the cluster is seen that controls it, it may be anybody's (src/core/cluster/own-sets.ts). */
const whyNotAsked = (pod: Pod): string =>
  isReachable(pod)
    ? 'it is not asked, for no StatefulSet of this cluster controls its pod'
    : 'it has no address yet';

function clusterIdsOf(members: readonly Member[], recorded?: string): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>(recorded === undefined ? [] : [[recorded, []]]);
  for (const { clusterId, pod } of members) {
    if (clusterId !== undefined) ids.set(clusterId, [...(ids.get(clusterId) ?? []), pod]);
  }
  return ids;
}
