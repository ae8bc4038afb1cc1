import { inWords } from '../model/explanation.ts';
import type { MetadataServices, MetadataServicesStatus } from '../../api/metadataservices.ts';
import { defined } from '../../api/object-fields.ts';
import {
  dated,
  deleting,
  pausedWork,
  saidAnew,
  summary,
  verdict,
  type Verdict,
  type Work,
} from '../model/conditions.ts';
import { resumeCommand } from '../model/kubectl.ts';
import type { Notice } from '../model/concern.ts';
import { recordOf } from './history.ts';
import { activeRelease } from './in-force.ts';
import type { ReleaseObservation } from './observation.ts';
import { silentComponents, whyNotReady } from './readiness.ts';

/**
 * What people and kstatus read: Ready, Reconciling, Stalled, Available, Upgrading, Degraded, and RollingBack from the
 * first request on. After an automatic rollback the phase is Stable, as the specification, page 003, has it, and
 * Stalled and Degraded say that spec is not what runs.
 *
 * @param notices what the parts wait for
 */
export function withReleaseConditions(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  notices: readonly Notice[],
  now: number,
  defaultRepository: string,
): MetadataServicesStatus {
  const { resource } = observation;
  const [hold] = notices.filter(({ kind }) => kind === 'held');
  const available = availability(observation, status, defaultRepository);
  const work = workOf(resource, status, notices);
  const unready = activeUnready(observation, status, defaultRepository);
  const degraded = degradation(status, hold, available, unready);
  const verdicts: readonly Verdict[] = [
    ...summary({ hold, available, work, degraded, asExpected: 'what is deployed matches the spec' }),
    available,
    upgrading(status),
    degraded,
    ...rollingBack(status),
  ];
  return {
    ...status,
    deploymentPhase: phaseOf(status),
    conditions: verdicts.map((each) => dated(each, status.conditions, resource.metadata.generation, now)),
    ...observedGeneration(resource),
  };
}

/** What a deletion in the foreground waits for is not Ready any more. */
export const withDeletionConditions = (
  resource: MetadataServices,
  status: MetadataServicesStatus,
  now: number,
): MetadataServicesStatus => ({
  ...status,
  conditions: saidAnew(
    deleting('the MetadataServices are being deleted'),
    status.conditions,
    resource.metadata.generation,
    now,
  ),
  ...observedGeneration(resource),
});

const observedGeneration = ({ metadata }: MetadataServices) =>
  defined({ observedGeneration: metadata.generation });

/** Of the three words of the specification, page 003. */
function phaseOf(status: MetadataServicesStatus): NonNullable<MetadataServicesStatus['deploymentPhase']> {
  if (status.step !== undefined) return 'Deploying';
  if (status.activeReleaseVersion !== undefined) return 'Stable';
  return status.rejected === undefined ? 'Deploying' : 'Failed';
}

function availability(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  defaultRepository: string,
): Verdict {
  const { activeReleaseVersion: version, activeStrategy: strategy } = status;
  if (version === undefined)
    return verdict('Available', false, 'NoRelease', 'no release has been active yet');
  const active = activeRelease(observation, status, defaultRepository);
  if (active === undefined) {
    const message = `the inputs of ${version} are lost: neither its ControllerRevision nor the spec has them`;
    return { type: 'Available', status: 'Unknown', reason: 'ReleaseRecordLost', message };
  }
  const silent = silentComponents(observation, version, active.snapshot.inputs);
  return silent.length === 0
    ? verdict('Available', true, 'ReleaseServes', `${strategy} (${version}) receives the traffic`)
    : verdict('Available', false, 'NoReadyPods', `no pod of ${silent.join(' and ')} of ${version} is ready`);
}

/** Why the release that serves is not whole, while nothing else is being done. */
function activeUnready(
  observation: ReleaseObservation,
  status: MetadataServicesStatus,
  defaultRepository: string,
): string | undefined {
  const active = activeRelease(observation, status, defaultRepository);
  return active && whyNotReady(observation, active.version, active.snapshot.inputs);
}

function degradation(
  status: MetadataServicesStatus,
  hold: Notice | undefined,
  available: Verdict,
  unready: string | undefined,
): Verdict {
  if (hold !== undefined) return verdict('Degraded', true, hold.reason, inWords(hold));
  if (status.activeReleaseVersion === undefined)
    return verdict('Degraded', false, 'Deploying', 'the first release is being deployed');
  if (available.status === 'Unknown') return { ...available, type: 'Degraded' };
  if (available.status === 'False') return verdict('Degraded', true, available.reason, available.message);
  return unready === undefined
    ? verdict('Degraded', false, 'AsExpected', 'the active release is healthy')
    : verdict('Degraded', true, 'PodsNotReady', unready);
}

/** What is being done or waited for; undefined when all is as it should be. */
function workOf(
  { metadata }: MetadataServices,
  status: MetadataServicesStatus,
  notices: readonly Notice[],
): Work | undefined {
  const work = activityOf(status, notices);
  return work !== undefined && status.pausedAt !== undefined
    ? pausedWork(work, resumeCommand('metadataservices', metadata))
    : work;
}

function activityOf(status: MetadataServicesStatus, notices: readonly Notice[]): Work | undefined {
  const { step, waitingFor, rollback } = status;
  // What a person asks for comes before what is under way.
  const asked = notices.find(({ reason }) => reason === 'RollbackPending');
  if (asked !== undefined) return asked;
  if (step !== undefined)
    return { kind: 'waiting', reason: step, message: `${subjectOf(status)}: ${waitingFor ?? step}` };
  if (rollback?.state === 'Accepted')
    return {
      kind: 'waiting',
      reason: 'RollingBack',
      message: `the spec is being set to the inputs of ${rollback.to}`,
    };
  return notices.find(({ kind }) => kind === 'waiting');
}

const subjectOf = ({ pending, cleaning, activeReleaseVersion }: MetadataServicesStatus): string => {
  if (pending !== undefined) return `release ${pending.version} (${pending.strategy})`;
  if (cleaning !== undefined) return `removal of ${cleaning.version} (${cleaning.strategy})`;
  return `release ${activeReleaseVersion}`;
};

function upgrading(status: MetadataServicesStatus): Verdict {
  const { pending, watching, step = 'Idle', pausedAt } = status;
  if (pending === undefined && watching === undefined)
    return verdict('Upgrading', false, 'Idle', 'no release is in progress');
  return verdict('Upgrading', true, pausedAt === undefined ? step : 'Paused', subjectOf(status));
}

function rollingBack(status: MetadataServicesStatus): readonly Verdict[] {
  const { rollback, pending } = status;
  if (rollback === undefined) return [];
  const { to, state, message = '' } = rollback;
  if (state === 'Refused' || state === 'Returned') return [verdict('RollingBack', false, state, message)];
  if (state === 'Accepted')
    return [verdict('RollingBack', true, state, `the spec is being set to the inputs of ${to}`)];
  if (pending?.rollbackTo === to)
    return [verdict('RollingBack', true, 'Deploying', `release ${pending.version} repeats ${to}`)];
  const made = recordOf(status, status.activeReleaseVersion);
  const isServed = made?.version === to || made?.rollbackTo === to;
  const what = isServed
    ? `${made?.version} is active with the inputs of ${to}`
    : message || 'the rollback has ended';
  return [verdict('RollingBack', false, 'Done', what)];
}
