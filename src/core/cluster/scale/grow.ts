import type { ClusterEvent } from '../../model/decision.ts';
import { claimSize, sizeOf } from '../../workload/claim-templates.ts';
import { milliOf } from '../../workload/quantity.ts';
import { whyBehind, whyUnhealthy } from '../../raft/health.ts';
import { liveNames } from '../../model/members.ts';
import { claimsByPod } from '../../model/selectors.ts';
import { atRest, newIndex, wait, type ScaleInput, type ScaleStep } from './step.ts';

/** Lets one more member join, when all that are there are well. */
export function startJoining({ observation, scaling, peers }: ScaleInput): ScaleStep {
  const { cluster } = observation;
  const unhealthy = peers.expected.flatMap((peer) => whyUnhealthy(peer, peers) ?? []);
  if (unhealthy.length > 0)
    return wait(`every member must be healthy before another joins: ${unhealthy.join('; ')}`);
  const pod = liveNames(cluster).pod(scaling.replicas);
  const claims = claimsByPod(observation);
  if (claims === undefined) return wait('the volumes could not be read');
  const claim = claims.get(pod);
  if (claim?.metadata.deletionTimestamp !== undefined)
    return wait(`the earlier volume of ${pod} is being deleted`);
  if (claim !== undefined) {
    // A member that was removed never joins again with its old data (docs/facts/openbao-operator.md, 7.1, 8).
    return {
      kind: 'hold',
      reason: 'StaleVolume',
      message: `${claim.metadata.name} holds the data of an earlier ${pod}, with which it cannot join. If it may be lost: kubectl -n ${cluster.metadata.namespace} delete pvc ${claim.metadata.name}`,
    };
  }
  const replicas = scaling.replicas + 1;
  return {
    kind: 'go',
    patch: { step: 'Joining', replicas, index: undefined },
    statusPatch: { replicas },
    events: [
      { type: 'Normal', reason: 'MemberJoining', action: 'Scale', note: `${pod} joins.` },
      ...smallerVolume(observation, pod),
    ],
  };
}

/** What its volume is made from cannot be changed any more; a volume can be enlarged as soon as it is there. */
function smallerVolume(
  { cluster, claims, statefulSet }: ScaleInput['observation'],
  pod: string,
): ClusterEvent[] {
  if (claims.kind === 'unknown' || statefulSet.kind === 'unknown') return [];
  const [template] = statefulSet.value?.spec?.volumeClaimTemplates ?? [];
  const size = template === undefined ? undefined : sizeOf(template);
  const largest = claimSize(cluster, claims.value);
  const [own, most] = [milliOf(size ?? ''), milliOf(largest)];
  if (own === undefined || most === undefined || own >= most) return [];
  const patch = JSON.stringify({ spec: { resources: { requests: { storage: largest } } } });
  const { namespace = 'default' } = cluster.metadata;
  const note = `The volume of ${pod} is made with ${size}, as the StatefulSet was, but members have, or spec.storage.size asks for, ${largest}: it may become full before theirs. Enlarge it (its StorageClass must allow it): kubectl patch pvc data-${pod} -n ${namespace} -p '${patch}'`;
  return [{ type: 'Warning', reason: 'VolumeSmaller', action: 'Scale', note }];
}

/** Waits until the newest member votes and has all that the leader had when it first did. */
export function join(input: ScaleInput): ScaleStep {
  const { observation, scaling, peers, wanted, context } = input;
  const { replicas, index } = scaling;
  // Taken back: as far as it came it is taken down, by Jobs of another name.
  if (wanted < replicas) return { kind: 'go', patch: { ...atRest, operationId: context.newOperationId } };
  const pod = liveNames(observation.cluster).pod(replicas - 1);
  const peer = peers.expected[replicas - 1];
  if (peer === undefined) return wait(`waiting for ${pod}`);
  const unhealthy = whyUnhealthy(peer, peers);
  if (unhealthy !== undefined) return wait(unhealthy);
  // Of this start of its container: one that ended meanwhile has to catch up anew.
  const patch = newIndex(scaling, peers, [peer]);
  if (patch !== undefined) return wait(`${pod} catches up`, { patch });
  if (whyBehind(peer, index) !== undefined) return wait(`${pod} catches up`);
  return {
    kind: 'go',
    patch: atRest,
    events: [
      { type: 'Normal', reason: 'MemberJoined', action: 'Scale', note: `${pod} votes and has caught up.` },
    ],
  };
}
