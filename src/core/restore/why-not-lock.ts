import { actionAnnotation, operationAnnotation } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import type { ObservedJob } from '../model/observation.ts';
import { jobOutcome } from '../jobs/job-outcome.ts';
import { awaitedRequest } from '../upgrade/bluegreen/awaited.ts';
import { stageOf, activeBlueGreen, isPastWayBack } from '../model/blue-green.ts';
import { resumeCommand, rollbackCommand } from '../model/kubectl.ts';

/** Jobs that change nothing in OpenBao. */
const harmless: ReadonlySet<string | undefined> = new Set([
  'version-check',
  'preflight',
  'probe-store',
  'verify-snapshot',
]);

const waits = (reason: string) => ({ reason, held: false });

/**
 * Why the data of the cluster must not be replaced now, a clause; undefined when it may. An upgrade that holds or
 * stopped for an incident keeps nothing out: that is when people restore. Whatever is under way ends first. So does
 * a blue-green upgrade that can still go back: a snapshot of before it does not know green as non-voters, and
 * autopilot would give them votes at once (docs/facts/openbao-measured.md, section 7).
 */
export function whyNotLock(
  { metadata, spec, status = {} }: OpenBaoCluster,
  jobs: readonly ObservedJob[],
  operationId: string,
): { readonly reason: string; readonly held: boolean } | undefined {
  const {
    operationLock: lock,
    upgrade,
    blueGreen,
    scaling,
    breakGlass,
    currentVersion,
    conditions = [],
  } = status;
  const { name = '', namespace = 'default' } = metadata;
  if (spec.paused === true) {
    const command = resumeCommand('openbaocluster', { name, namespace });
    return {
      reason: `spec.paused of the cluster is true, and nothing starts until it is false: ${command}`,
      held: true,
    };
  }
  const unknown = conditions.find(({ reason, status: is }) => reason === 'RevisionUnknown' && is === 'True');
  if (unknown !== undefined) {
    return {
      reason: `which members hold the data of now must be settled first (RevisionUnknown): rollguard status ${name} -n ${namespace}`,
      held: true,
    };
  }
  // Lost, or not written yet: there may be members that nobody has looked for.
  if (currentVersion === undefined)
    return waits('what the cluster runs must be known first (status.currentVersion)');
  if (scaling !== undefined)
    return waits(`members are being added or removed (spec.replicas); this must end first`);
  const hasStopped = breakGlass?.active === true || upgrade?.held === true || blueGreen?.held === true;
  const current = activeBlueGreen(status);
  if (!hasStopped && upgrade !== undefined)
    return waits(`the upgrade in phase ${upgrade.phase} must end or be held first`);
  if (current !== undefined) {
    const course = `the blue-green upgrade in phase ${current.phase}`;
    const stage = stageOf(current.phase);
    const canGoBack = (stage === 'early' || stage === 'late') && !isPastWayBack(current);
    // Whatever asks for a person may ask for long.
    if (canGoBack && (hasStopped || awaitedRequest(current) !== undefined)) {
      return {
        reason: `${course} must be rolled back first: ${rollbackCommand(name, namespace)}`,
        held: true,
      };
    }
    if (!hasStopped) return waits(`${course} must end or stop first`);
  }
  const isAnothers = lock?.operation !== undefined && lock.operationId !== operationId;
  if (isAnothers && !(lock.operation === 'Upgrade' && hasStopped)) {
    return waits(`${lock.holder ?? lock.operation} holds the lock`);
  }
  const busy = jobs.find(
    (observed) =>
      jobOutcome(observed) === 'running' &&
      // One that was never let run.
      observed.job.spec?.suspend !== true &&
      observed.job.metadata.annotations?.[operationAnnotation] !== operationId &&
      !harmless.has(observed.job.metadata.annotations?.[actionAnnotation]),
  );
  return busy === undefined ? undefined : waits(`Job ${busy.job.metadata.name} must end first`);
}
