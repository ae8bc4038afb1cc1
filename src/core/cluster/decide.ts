import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { withBoundedTimes } from '../model/bounded-times.ts';
import { latestTimes } from './latest-times.ts';
import { sameValue } from '../model/same-value.ts';
import { decideBlueGreen } from '../upgrade/bluegreen/decide.ts';
import { forgetRejectedTarget, reportRejectedTarget } from '../upgrade/rejected-target.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { decideUpgrade } from '../upgrade/rolling/decide.ts';
import { decideActiveLabel } from './active-label.ts';
import { decideInitialization } from './bootstrap.ts';
import { applyDrifted, keepsPodsAsTheyAre } from './children.ts';
import { withConditions } from './conditions.ts';
import type { Decision, DecisionContext, Effect } from '../model/decision.ts';
import { decideDeletion, decideFinalizer, withDeletionConditions } from './deletion.ts';
import { decideDataVersion } from './data-version.ts';
import { decideDisks } from './disks.ts';
import { decideClusterIdMarks } from './cluster-id-marks.ts';
import { decideFacts } from './facts.ts';
import { decideEvictions } from './evictions.ts';
import { decideForeignRoll } from './foreign-roll.ts';
import { decideFormerVolumes } from './former-volumes.ts';
import { decideGoingVolumes, membersOnGoingVolumes } from './going-volumes.ts';
import { decideGuarding } from './guard.ts';
import { decideIdentity, withTrustedRaft } from './identity.ts';
import { decideIssuer } from './issuer.ts';
import { withLastError } from '../model/last-error.ts';
import { decideDeadServerCleanup } from './dead-server-cleanup.ts';
import { decideMaintenance } from './maintenance.ts';
import { decideMix } from './mix.ts';
import type { Observation } from '../model/observation.ts';
import { runConcerns, type Concern, type ConcernResult } from '../model/cluster-concern.ts';
import { decideMemberVersions, mayBegin } from './member-versions.ts';
import { decideRestored } from './restored.ts';
import { decideSeal } from './seal.ts';
import { decideOwnerless } from './ownerless.ts';
import { decideRevision } from './revision.ts';
import { decideScale } from './scale/decide.ts';
import { decideCertificates, decideUnsealKey } from './secrets.ts';
import { decideStaleLock } from './stale-lock.ts';
import { decideTerm, isOfEarlierTerm } from './term.ts';
import { decideVersionStamps } from './version-stamps.ts';
import { isStopped } from '../model/selectors.ts';
import { wholeStatus } from '../model/whole-status.ts';

/** What is so, and what every cluster needs. */
const life: readonly Concern[] = [
  decideFacts,
  decideActiveLabel,
  decideRestored,
  decideIdentity,
  decideMix,
  decideMaintenance,
  decideVersionStamps,
  decideForeignRoll,
  decideMemberVersions,
  decideDataVersion,
  decideSeal,
  decideUnsealKey,
  decideOwnerless,
  decideFormerVolumes,
  decideClusterIdMarks,
  decideGoingVolumes,
  decideCertificates,
  decideInitialization,
  decideIssuer,
  decideGuarding,
  decideFinalizer,
  decideStaleLock,
  decideDeadServerCleanup,
  forgetRejectedTarget,
];

/** The checks and the snapshot of either strategy are the same; then one of them has the word. */
const decideTarget: Concern = (observation, status, context) =>
  activeBlueGreen(status) === undefined
    ? decideUpgrade(observation, status, context)
    : decideBlueGreen(observation, status, context);

/**
 * All that follows from one observation of a cluster. The status comes back as it was stored when nothing
 * changed, so that nothing is written; `leaseTransitions` alone is no change.
 */
export function decideCluster(given: Observation, context: DecisionContext): Decision {
  const stored = given.cluster.status ?? {};
  const bounded = wholeStatus(withBoundedTimes(stored, latestTimes(stored, context)));
  const observed = bounded === stored ? given : { ...given, cluster: { ...given.cluster, status: bounded } };
  if (observed.cluster.metadata.deletionTimestamp !== undefined)
    return decideTerminating(observed, stored, context);
  const unknownRevision = decideRevision(observed, bounded, context);
  if (unknownRevision !== undefined)
    return decision(stored, unknownRevision.status, context, unknownRevision);
  const observation = withTrustedRaft(observed, bounded);
  const first = runConcerns(life, observation, bounded, context);
  const isUnderWay =
    first.status.upgrade !== undefined ||
    first.status.scaling !== undefined ||
    activeBlueGreen(first.status) !== undefined;
  // Whatever has stopped is left as it is, also what a person asks of it, until the restore gives the lock back.
  const isBeingRestored = first.status.operationLock?.operation === 'Restore';
  // Nothing new starts while pods could not come back; what is under way goes on watching.
  const mayChange = !isBeingRestored && (isUnderWay || !keepsPodsAsTheyAre(first.notices));
  const begin = isUnderWay
    ? { scaling: true, upgrade: true }
    : membersOnGoingVolumes(observation).length > 0
      ? { scaling: false, upgrade: false }
      : mayBegin(observation, first.status);
  // What changes members, one thing at a time: what is first has its way.
  const changes = [
    decideDisks,
    ...(begin.scaling ? [decideScale] : []),
    ...(begin.upgrade
      ? [isOfEarlierTerm(observation, first.status, context) ? decideTerm : decideTarget]
      : []),
  ];
  const second = runConcerns(
    [...(mayChange ? changes : []), decideEvictions],
    observation,
    first.status,
    context,
  );
  const children = applyDrifted(observation, second.status, first.notices);
  const { notices: rejectedTarget = [] } = reportRejectedTarget(observation, second.status, context);
  const notices = [...first.notices, ...second.notices, ...rejectedTarget, ...children.notices];
  const status = withConditions(observation, withLastError(second.status, notices), notices, context);
  // Waiting for a person needs no haste: what they change is watched, and the idle look finds the rest.
  const isStill =
    isStopped(observation.cluster, status) ||
    notices.some(({ kind }) => kind === 'held') ||
    status.upgrade?.held === true ||
    status.blueGreen?.held === true ||
    status.scaling?.held === true;
  const isUnfinished =
    notices.length > 0 ||
    status.initialized !== true ||
    status.upgrade !== undefined ||
    activeBlueGreen(status) !== undefined ||
    status.scaling !== undefined;
  const { pollMs, idlePollMs } = context.settings;
  const isReady = status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  // A member on its way to its vote is seen by no watch; one that is ill for long is worth no haste.
  const pauseMs = isStill ? idlePollMs : isUnfinished ? pollMs : isReady ? idlePollMs : 4 * pollMs;
  return decision(stored, status, context, {
    // Stamps and secrets first; children before the Jobs that may need them.
    effects: [...first.effects, ...children.effects, ...second.effects],
    events: [...first.events, ...second.events],
    requeueAt: Math.min(first.requeueAt ?? Infinity, second.requeueAt ?? Infinity, context.now + pauseMs),
  });
}

function decideTerminating(
  observation: Observation,
  stored: OpenBaoClusterStatus,
  context: DecisionContext,
): Decision {
  const bounded = observation.cluster.status ?? {};
  const part: ConcernResult = runConcerns([decideMaintenance, decideDeletion], observation, bounded, context);
  const status = withDeletionConditions(observation, part.status, part.notices ?? [], context.now);
  return decision(stored, status, context, { ...part, requeueAt: context.now + context.settings.pollMs });
}

/** With the stored status where nothing changed; else with the new one, in the name of this term of the controller. */
function decision(
  stored: OpenBaoClusterStatus,
  status: OpenBaoClusterStatus,
  { leaseTransitions }: DecisionContext,
  { effects, events, requeueAt }: Omit<Decision, 'status'> & { readonly effects: readonly Effect[] },
): Decision {
  const isSame = effects.length === 0 && sameValue(stored, status);
  return {
    status: isSame ? stored : { ...status, leaseTransitions },
    effects,
    events,
    ...defined({ requeueAt }),
  };
}
