import { isOfEarlierLife } from '../model/earlier-life.ts';
import type { ClaimTemplate, PersistentVolumeClaim, StatefulSet } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined, omit } from '../../api/object-fields.ts';
import type { ControllerSettings } from '../model/decision.ts';
import type { EndpointPorts, TokenIssuer } from '../model/observation.ts';
import { wantedReplicas } from '../model/selectors.ts';
import { effectiveImage } from './image.ts';
import { greenRevision, liveRevision } from '../model/members.ts';
import { names } from '../model/names.ts';
import { isHalfRolled, partitionFor, partitionOfGreen } from './partition.ts';
import { wasInitialized, withInitialized } from '../model/cluster-ids.ts';
import { wholeStatus } from '../model/whole-status.ts';
import { restartAtAnnotation } from '../../api/labels.ts';
import { appliedImage } from './applied-image.ts';
import { foreignImage } from './foreign-roll.ts';
import { isGreenOnTarget, isPastWayBack, storedTraits } from '../model/blue-green.ts';
import { isRolling } from '../model/rolling.ts';

/** All that the children of a cluster are made from. Nothing else: same inputs, same objects. */
export interface WorkloadInputs {
  readonly cluster: OpenBaoCluster;
  /** Which set of members: the one that serves, which is the only one but for blue-green upgrades. */
  readonly revision: string;
  /** What the pods run: the running image, or the target of an upgrade whose checks have passed. */
  readonly image: string;
  readonly version: string;
  /** Size of the StatefulSet now, which trails spec.replicas while a member joins or leaves. */
  readonly replicas: number;
  /** Pods with an ordinal below it keep what they run. */
  readonly partition: number;
  /** spec.maintenance.restartAt when it is being, or was, carried out. */
  readonly restartAt?: string;
  /**
   * Whether pod 0 is told to make a new cluster. Only before the first initialization, and only when no volume of
   * an earlier life is there: a second cluster would be born otherwise (docs/facts/openbao-measured.md, 0.2).
   */
  readonly selfInitialize: boolean;
  /** Claims of the members' volumes: what is made beside them is no smaller. */
  readonly claims: readonly PersistentVolumeClaim[];
  /** Of the StatefulSet that is there, for which they cannot change any more. */
  readonly claimTemplates?: readonly ClaimTemplate[];
  /** Whether its new members stay without a vote until they are given one: a green half's do. */
  readonly joinsWithoutVote: boolean;
  /** How OpenBao checks ServiceAccount tokens. */
  readonly issuer: TokenIssuer;
  /** Where the API server and the DNS listen, as far as that is known. */
  readonly endpointPorts: EndpointPorts;
  /** Who reads as rollguard-observer. */
  readonly controller: { readonly namespace: string; readonly serviceAccount: string };
}

/** The sets of members of a cluster, and which of them clients are sent to. */
export interface SetsOfMembers {
  /** Those whose StatefulSet is to be there, blue before green. */
  readonly sets: readonly WorkloadInputs[];
  /** Every member that there is or may be, whether its set is rendered or not: blue's and green's. */
  readonly members: readonly string[];
  /**
   * The revision that the public Service selects: green's from Cleanup on, and as soon as green leads where members of
   * the two versions do not pass requests on to each other.
   */
  readonly serving: string;
}

/** What was read, beside the cluster itself, before its children are rendered. */
export interface WorkloadFacts {
  /** Claims of the members' volumes, those of earlier members included. */
  readonly claims: readonly PersistentVolumeClaim[];
  /** Of the half that serves, as it is; undefined when there is none. */
  readonly statefulSet: StatefulSet | undefined;
  /** Of the green half. */
  readonly greenStatefulSet?: StatefulSet | undefined;
  readonly issuer: WorkloadInputs['issuer'];
  readonly endpointPorts?: EndpointPorts;
  readonly settings: Pick<ControllerSettings, 'imageRepository' | 'controller'>;
}

/**
 * From the cluster with its stored status: what a status does not say yet is not rendered yet, so that every change
 * is recorded before it is made (docs/design.md, rule 1).
 */
export function workloadInputs(cluster: OpenBaoCluster, facts: WorkloadFacts): WorkloadInputs {
  const { spec } = cluster;
  const status = wholeStatus(cluster.status ?? {});
  const { statefulSet, issuer, settings } = facts;
  const upgrade = isRolling(status?.upgrade?.phase) ? status?.upgrade : undefined;
  const replicas =
    // Also of a record that is not whole: no pod is taken away for that.
    cluster.status?.scaling?.replicas ??
    status?.replicas ??
    statefulSet?.spec?.replicas ??
    wantedReplicas(cluster);
  // A cluster that is born with a restartAt has been started since: there is nothing to restart for.
  const carriedOut =
    status?.currentVersion === undefined ? spec.maintenance?.restartAt : status.lastRestartAt;
  // Pods that the status knows no upgrade for are being replaced all the same: it was lost, and finds its way again
  // from what they are replaced by.
  const isInitialized = wasInitialized(status, facts.claims);
  const known = withInitialized(status, facts.claims);
  const isForeign = foreignImage(known, statefulSet) !== undefined;
  const isUnknownRoll = upgrade === undefined && isInitialized && !isForeign && isHalfRolled(statefulSet);
  const isImageLost = isInitialized && status?.image === undefined;
  const found = statefulSet === undefined ? undefined : appliedImage(statefulSet);
  const restartAt =
    upgrade?.restartAt ??
    (isUnknownRoll ? statefulSet?.spec?.template?.metadata?.annotations?.[restartAtAnnotation] : carriedOut);
  const claimTemplates = statefulSet?.spec?.volumeClaimTemplates;
  return {
    cluster,
    revision: liveRevision(status),
    joinsWithoutVote: false,
    image:
      upgrade?.targetImage ??
      (isUnknownRoll || isImageLost ? found : undefined) ??
      status?.image ??
      effectiveImage(spec, settings.imageRepository),
    version: upgrade?.targetVersion ?? status?.currentVersion ?? spec.version,
    replicas,
    // What nobody has asked us for takes no other pod: those that it has made stay, and are told (VersionMismatch).
    partition: isForeign ? replicas : partitionFor(known, replicas, statefulSet),
    ...defined({ restartAt, claimTemplates }),
    claims: facts.claims,
    selfInitialize: selfInitializes(cluster, facts.claims),
    issuer,
    endpointPorts: facts.endpointPorts ?? {},
    controller: settings.controller,
  };
}

/**
 * The sets of members that are to be there. Both halves are pinned in the status: no edit of spec moves them
 * (docs/facts/openbao-operator.md, 7.1, 15).
 */
export function setsOfMembers(cluster: OpenBaoCluster, facts: WorkloadFacts): SetsOfMembers {
  const { status, metadata } = cluster;
  const live = workloadInputs(cluster, facts);
  const revision = greenRevision(status);
  const { blueGreen = {} } = status ?? {};
  const { phase = 'Idle', greenImage, greenVersion, blueImage, blueVersion } = blueGreen;
  const keeps = storedTraits(phase)?.keeps ?? 'blue';
  const membersOf = (inputs: Pick<WorkloadInputs, 'revision' | 'replicas'>) =>
    Array.from({ length: inputs.replicas }, (_, ordinal) =>
      names(metadata.name ?? '', inputs.revision).pod(ordinal),
    );
  if (revision === undefined) return { sets: [live], members: membersOf(live), serving: live.revision };
  const { greenStatefulSet } = facts;
  const common = omit(live, 'claimTemplates');
  const claimTemplates = greenStatefulSet?.spec?.volumeClaimTemplates;
  // What a lost record does not say any more stays as it is; and nobody who was given the target goes back.
  const applied = greenStatefulSet === undefined ? undefined : appliedImage(greenStatefulSet);
  const isOnTarget = isGreenOnTarget(blueGreen) || (applied !== undefined && applied === greenImage);
  const image = (isOnTarget ? greenImage : blueImage) ?? applied;
  const green: WorkloadInputs | undefined =
    image === undefined
      ? undefined
      : {
          ...common,
          revision,
          image,
          version: (isOnTarget ? greenVersion : blueVersion) ?? live.version,
          partition: partitionOfGreen(blueGreen, live.replicas, greenStatefulSet),
          selfInitialize: false,
          joinsWithoutVote: phase !== 'Cleanup',
          ...defined({ claimTemplates }),
        };
  return {
    sets: [...(keeps === 'green' ? [] : [live]), ...(keeps === 'blue' || green === undefined ? [] : [green])],
    members: [...membersOf(live), ...membersOf({ revision, replicas: live.replicas })],
    serving: phase === 'Cleanup' || isPastWayBack(blueGreen) ? revision : live.revision,
  };
}

/** Whether the cluster makes itself, and not on what another one has left. */
export function selfInitializes(
  { metadata, spec, status }: OpenBaoCluster,
  claims: readonly PersistentVolumeClaim[],
): boolean {
  if (spec.selfInit?.enabled === false || wasInitialized(status, claims)) return false;
  return !claims.some((claim) => isOfEarlierLife(claim, metadata));
}
