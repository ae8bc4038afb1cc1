import { activeLabel } from '../../api/labels.ts';
import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { omit } from '../../api/object-fields.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { serverLogs } from '../model/kubectl.ts';
import { inWords, type Explanation } from '../model/explanation.ts';
import { names } from '../model/names.ts';
import { answers, clusterName, isUnsealed, podsByName } from '../model/selectors.ts';
import { parseTimestamp, timestamp } from '../model/time.ts';
import { activeMember } from '../raft/leader.ts';

/**
 * Milliseconds for which the label may be missing: OpenBao moves it within 0.1 s of a hand-over
 * (docs/facts/openbao-measured.md, section 9), and its pod is seen a moment later.
 */
const patienceMs = 30_000;

/**
 * Sees when the member that leads does not carry the label by which the Service `NAME-active` finds it: members set it
 * themselves, and one that cannot reach the API server leads with nobody at that door (V7).
 */
export const decideActiveLabel: Concern = (observation, status, { now }) => {
  const pods = podsByName(observation);
  const leader = activeMember(answers(observation).filter((member) => isUnsealed(member, status)))?.pod;
  const pod = leader === undefined ? undefined : pods?.get(leader);
  if (leader === undefined || pod === undefined) return unchanged(status);
  const recorded = status.unlabeledLeader;
  if (pod.metadata.labels?.[activeLabel] === 'true') {
    if (recorded === undefined) return unchanged(status);
    const found = { type: 'Normal', reason: 'ActiveLabelFound', action: 'Observe' } as const;
    return {
      ...unchanged(omit(status, 'unlabeledLeader')),
      events:
        recorded.reported === true ? [{ ...found, note: `${leader} leads and has its label again.` }] : [],
    };
  }
  const since = recorded?.since ?? timestamp(now);
  const tellsAt = (parseTimestamp(since) ?? now) + patienceMs;
  const reported = recorded?.reported === true || now >= tellsAt;
  const unlabeledLeader = { pod: leader, since, ...(reported ? { reported } : {}) };
  const isSame = recorded?.pod === leader && recorded.reported === unlabeledLeader.reported;
  const next = isSame ? status : { ...status, unlabeledLeader };
  if (!reported) return { ...unchanged(next), requeueAt: tellsAt };
  if (recorded?.reported === true) return unchanged(next);
  const note = inWords(missingActiveLabel(observation.cluster, leader));
  return {
    ...unchanged(next),
    events: [{ type: 'Warning', reason: activeLabelMissing, action: 'Observe', note }],
  };
};

/** The reason of the condition Degraded, and of the Event. */
export const activeLabelMissing = 'ActiveLabelMissing';

/** What is wrong, for long enough to be told; undefined when nothing is. */
export const whyNotReachable = (
  cluster: OpenBaoCluster,
  { unlabeledLeader }: OpenBaoClusterStatus,
): string | undefined =>
  unlabeledLeader?.reported === true && unlabeledLeader.pod !== undefined
    ? inWords(missingActiveLabel(cluster, unlabeledLeader.pod))
    : undefined;

function missingActiveLabel(cluster: OpenBaoCluster, leader: string): Explanation {
  const own = names(clusterName(cluster));
  const { namespace = 'default' } = cluster.metadata;
  return {
    message: `${leader} leads, but its pod does not have the label ${activeLabel}=true, so the Service ${own.activeService} has no endpoints (${own.publicService} still answers)`,
    remedy: `Members set the label themselves: see whether ${leader} reaches the API server (NetworkPolicy ${own.networkPolicy}) and may patch its pod (Role ${own.serviceAccount})`,
    commands: [{ line: serverLogs(leader, namespace) }],
  };
}
