import type { StatefulSet } from '../../../api/kubernetes.ts';
import type { Known } from '../../model/known.ts';
import type { Effect } from '../../model/decision.ts';
import { formerVolume } from '../../model/data-door.ts';
import { whyLosing } from '../../raft/health.ts';
import type { Peer } from '../../raft/peers.ts';
import { targetIn } from '../../model/selectors.ts';
import { wait, type PhaseInput, type Step } from './phase.ts';

/**
 * Why nothing of the other half may go, neither a pod, nor a peer, nor a volume: one that stays would lose its data with
 * its own next stop, and what the other half holds may be all that is left (L3). A person gives it a new volume first
 * (`VolumeDeleting`), for however long that takes.
 */
export function whyDataWouldGo({ observation }: PhaseInput, staying: readonly Peer[]): Step | undefined {
  const { claims } = observation;
  if (claims.kind === 'unknown') return wait(`the volumes could not be read: ${claims.cause}`);
  const losing = staying.flatMap((peer) => whyLosing(peer) ?? []);
  return losing.length === 0 ? undefined : wait(losing.join('; '), { isOpenEnded: true });
}

/** One half, by exact names. */
interface Half {
  readonly statefulSet: Known<StatefulSet | undefined>;
  /** Of its StatefulSet. */
  readonly name: string;
  readonly pods: readonly string[];
  readonly deletesVolumes: boolean;
}

/**
 * Deletes a half that has no votes: StatefulSet, then the volumes once no pod is left. Each with its uid, so that
 * nothing else of its name is hit (docs/facts/openbao-operator.md, 3, RollbackCleanup).
 *
 * @returns undefined when it is gone
 */
export function removeHalf({ observation }: PhaseInput, half: Half): Step | undefined {
  const { cluster, pods, claims } = observation;
  const { statefulSet, name } = half;
  const deletion = (apiVersion: string, kind: string, metadata: Metadata): readonly Effect[] =>
    metadata.name === undefined || metadata.uid === undefined || metadata.deletionTimestamp !== undefined
      ? []
      : [
          {
            kind: 'delete',
            target: targetIn(cluster, apiVersion, kind, metadata.name),
            uid: metadata.uid,
          },
        ];
  if (statefulSet.kind === 'unknown')
    return wait(`the StatefulSet ${name} could not be read: ${statefulSet.cause}`);
  if (statefulSet.value !== undefined) {
    return wait(`the StatefulSet ${name} to be deleted`, {
      effects: deletion('apps/v1', 'StatefulSet', statefulSet.value.metadata),
    });
  }
  if (pods.kind === 'unknown') return wait(`the pods could not be read: ${pods.cause}`);
  const left = pods.value.filter(({ metadata }) => half.pods.includes(metadata.name ?? ''));
  if (left.length > 0) {
    // The StatefulSet's controller sees to them; one that was orphaned is deleted here.
    return wait(`${left.map(({ metadata }) => metadata.name).join(', ')} to be deleted`, {
      effects: left.flatMap(({ metadata }) => deletion('v1', 'Pod', metadata)),
    });
  }
  if (!half.deletesVolumes) return undefined;
  if (claims.kind === 'unknown') return wait(`the volumes could not be read: ${claims.cause}`);
  const volumes = claims.value.filter(({ metadata }) =>
    half.pods.some((pod) => metadata.name === `data-${pod}`),
  );
  if (volumes.length === 0) return undefined;
  return wait(`${volumes.map(({ metadata }) => metadata.name).join(', ')} to be deleted`, {
    effects: volumes.flatMap((claim) => formerVolume(observation, claim)),
  });
}

type Metadata = StatefulSet['metadata'];
