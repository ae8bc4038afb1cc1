import type { MetadataServices } from '../../src/api/metadataservices.ts';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { OpenBaoRestore } from '../../src/api/openbaorestore.ts';
import { activeBlueGreen } from '../../src/core/model/blue-green.ts';
import { isPaused, wantedReplicas } from '../../src/core/model/selectors.ts';
import { parseTimestamp } from '../../src/core/model/time.ts';
import { recordOf } from '../../src/core/release/history.ts';
import { asksFor } from '../../src/core/release/inputs.ts';
import { awaitedRequest } from '../../src/core/upgrade/bluegreen/awaited.ts';
import { requestedRestart } from '../../src/core/upgrade/requests.ts';
import { effectiveImage } from '../../src/core/workload/image.ts';
import { endsWait, kstatusOf, type Told } from './kstatus.ts';

/**
 * What a status must say to Flux, Argo CD and kubectl wait, wherever a story has led (G1 to G7). Each returns what is
 * wrong; undefined where nothing is.
 */
type Wrong = string | undefined;

const firstOf = (rules: Readonly<Record<string, boolean>>): Wrong =>
  Object.keys(rules).find((rule) => rules[rule] === false);

const conditionOf = ({ status }: Told, type: string) =>
  status?.conditions?.find((each) => each.type === type);
const is = (told: Told, type: string): boolean => conditionOf(told, type)?.status === 'True';

/** Of every kind. */
function wrongConditions(told: Told): Wrong {
  const types = (told.status?.conditions ?? []).map(({ type }) => type);
  if (types.length === 0) return undefined;
  const { status } = kstatusOf(told);
  const [ready, stalled, reconciling] = ['Ready', 'Stalled', 'Reconciling'].map((each) => is(told, each));
  return firstOf({
    'Ready, Stalled and Reconciling begin the list, in this order (G5)':
      types.slice(0, 3).join() === 'Ready,Stalled,Reconciling',
    'no condition stands twice': new Set(types).size === types.length,
    'Stalled and Reconciling are not both True (G5)': !(stalled && reconciling),
    'Ready is not True while Stalled or Reconciling is': !(ready && (stalled || reconciling)),
    'kstatus says Current exactly where Ready is True': (status === 'Current') === ready,
    'kstatus says Failed exactly where Stalled is True': (status === 'Failed') === stalled,
    'kubectl wait ends exactly where Ready is True': endsWait(told) === ready,
    'status and conditions are of the same generation':
      told.status?.observedGeneration === undefined ||
      told.status.observedGeneration === conditionOf(told, 'Ready')?.observedGeneration,
    'each says why': ['Ready', 'Stalled', 'Reconciling'].every(
      (type) => (conditionOf(told, type)?.message ?? '') !== '',
    ),
  });
}

/**
 * All three say that a person is awaited, and how to answer; none of them that it failed (G3). Of a cluster that does
 * not serve, or of which that is unknown, Ready says this first.
 */
const namesPerson = (told: Told, how: string): boolean =>
  kstatusOf(told).status === 'InProgress' &&
  [...(is(told, 'Available') ? ['Ready'] : []), 'Stalled', 'Reconciling'].every((type) => {
    const { status, message = '' } = conditionOf(told, type) ?? {};
    return status === 'False' && message.includes(how);
  });

/** No leader for so long is no election and no restart (G7). */
const longMs = 5 * 60_000;

/** @param now milliseconds since the epoch */
export function wrongCluster(
  cluster: OpenBaoCluster,
  now: number,
  imageRepository = 'openbao/openbao',
): Wrong {
  const { spec, status = {} } = cluster;
  if (cluster.metadata.deletionTimestamp !== undefined || status.conditions === undefined) return undefined;
  const { upgrade, scaling, restore, operationLock, breakGlass, currentVersion, image } = status;
  const current = activeBlueGreen(status);
  const isHeld =
    [upgrade?.held, current?.held, scaling?.held, breakGlass?.active].includes(true) ||
    status.conditions.some(({ type, reason }) => type === 'Stalled' && reason === 'RevisionUnknown');
  const isBusy = [upgrade, current, scaling, restore].some((each) => each !== undefined);
  const awaited = current && awaitedRequest(current);
  const isIll = is(cluster, 'Stalled');
  const since = parseTimestamp(status.unavailableSince);
  const runs =
    currentVersion === spec.version.replace(/^v/, '') &&
    image === effectiveImage(spec, imageRepository) &&
    status.replicas === wantedReplicas(cluster) &&
    requestedRestart(cluster, status) === undefined;
  const is_ = (type: string) => is(cluster, type);
  return (
    wrongConditions(cluster) ??
    firstOf({
      'Ready: it runs what spec asks for (G1)': !is_('Ready') || runs,
      'Ready: no operation is under way or has the lock (G1)':
        !is_('Ready') || (!isBusy && operationLock?.operation !== 'Restore'),
      'Ready: a member leads': !is_('Ready') || is_('Available'),
      'held or in break glass: Failed': !isHeld || isIll,
      'waiting for promote or cleanup: the person is named (G3)':
        awaited === undefined ||
        isIll ||
        namesPerson(cluster, isPaused(cluster) ? '"paused":false' : `"${awaited}":`),
      'since when nobody leads is recorded':
        is_('Available') === (since === undefined) || !status.initialized,
      'no leader for long: Failed (G7)':
        status.initialized !== true || since === undefined || isBusy || now - since < longMs || isIll,
      'paused with something to do: what ends the pause is named':
        !isPaused(cluster) || is_('Ready') || isIll || !is_('Available') || namesPaused(cluster),
    })
  );
}

/** Where nothing is to be done but something is ill, there is nothing to resume. */
const namesPaused = (told: Told): boolean =>
  conditionOf(told, 'Reconciling')?.reason === 'AsExpected' || namesPerson(told, '"paused":false');

export function wrongRelease(resource: MetadataServices): Wrong {
  const { spec, status = {} } = resource;
  if (resource.metadata.deletionTimestamp !== undefined || status.conditions === undefined) return undefined;
  const { step, rollback, rejected, activeReleaseVersion } = status;
  const isServed = asksFor(spec, recordOf(status, activeReleaseVersion)?.inputs);
  const is_ = (type: string) => is(resource, type);
  const isAtRest = step === undefined && rollback?.state !== 'Accepted';
  return (
    wrongConditions(resource) ??
    firstOf({
      'Ready: what serves is what spec asks for (G1)': !is_('Ready') || isServed,
      'Ready: nothing is under way (G1)': !is_('Ready') || isAtRest,
      'rejected: Failed':
        rejected === undefined || !isAtRest || !asksFor(spec, rejected.inputs) || isServed || is_('Stalled'),
      'paused with something to do: what ends the pause is named':
        spec.paused !== true || is_('Ready') || is_('Stalled') || !is_('Available') || namesPaused(resource),
    })
  );
}

export function wrongRestore(restore: OpenBaoRestore): Wrong {
  const { status = {} } = restore;
  if (restore.metadata.deletionTimestamp !== undefined || status.conditions === undefined) return undefined;
  const { phase, held } = status;
  const wanted =
    phase === 'Complete' ? 'Current' : phase === 'Failed' || held === true ? 'Failed' : 'InProgress';
  return (
    wrongConditions(restore) ?? firstOf({ [`${phase}: ${wanted}`]: kstatusOf(restore).status === wanted })
  );
}
