import { withoutLastError } from '../../model/last-error.ts';
import { dataVersionAnnotation } from '../../../api/labels.ts';
import type { OpenBaoClusterStatus, RollingUpgrade } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import { whyUnhealthy } from '../../raft/health.ts';
import { isReady } from '../../model/selectors.ts';
import type { Peer } from '../../raft/peers.ts';
import { timestamp } from '../../model/time.ts';
import { event } from '../event.ts';
import { failure } from './failure.ts';
import { whyNotStepDown, whyNotTakeDown } from './disruption-guard.ts';
import { versionCheck } from './jobs.ts';
import { lowestTouched } from './partition-guard.ts';
import { advance, hold, wait, waitBlocked, type PhaseInput, type Step } from './phase.ts';
import { everStarted, serverStatus } from '../../model/server-container.ts';
import { targetStarts } from '../../model/target-starts.ts';
import type { Pod } from '../../../api/kubernetes.ts';
import { cannotStart, mayRunTarget } from './pods.ts';
import { whySealUnproved } from './seal-proof.ts';
import { startCheck } from './start-check.ts';
import { startStepDown } from './step-down.ts';
import { isOlder, isSameVersion, sameTarget, wantedTarget, type UpgradeTarget } from '../target.ts';
import { isRolling } from '../../model/rolling.ts';
import { judgeImage } from './version-check.ts';
import { isUnread } from '../unread.ts';

const targetOf = ({ targetVersion, targetImage }: RollingUpgrade): UpgradeTarget => ({
  version: targetVersion ?? '',
  image: targetImage ?? '',
});

type Asking = Pick<PhaseInput, 'observation' | 'upgrade' | 'context'>;

const wantedBy = ({ observation, context }: Asking): UpgradeTarget =>
  wantedTarget(observation.cluster, context.settings);

/** Whether spec asks for the target under way. */
export const asksForTarget = (input: Asking): boolean => sameTarget(wantedBy(input), targetOf(input.upgrade));

/** What status.upgrade.retarget is to be when a hold ends: the other target that spec asks for, if it does. */
export function askedTarget(input: Asking): RollingUpgrade['retarget'] {
  const { upgrade, context } = input;
  const wanted = wantedBy(input);
  if (sameTarget(wanted, targetOf(upgrade))) return undefined;
  return upgrade.retarget !== undefined && sameTarget(upgrade.retarget, wanted)
    ? upgrade.retarget
    : { ...wanted, operationId: context.newOperationId };
}

/** Whether it is the restart after a restore: not spec asks for it, and what spec asks for comes after it. */
export const isOfRestore = ({ restartAt }: RollingUpgrade, { restore }: OpenBaoClusterStatus): boolean =>
  restartAt !== undefined && restartAt === restore?.restartAt;

/** Whether no pod has been touched yet, so that the upgrade can be dropped as if it had never been. */
export const isUntouched = (upgrade: RollingUpgrade, replicas: number): boolean =>
  (upgrade.phase !== undefined && !isRolling(upgrade.phase)) || lowestTouched(upgrade, replicas) >= replicas;

/**
 * Whether the target has opened the data of a member, on any pod or volume that it may have run on. What was seen once
 * stays in the status, and on the volume, for a pod made anew has forgotten it.
 *
 * @returns `opened`: undefined while that cannot be told; and what to remember
 */
export function whatTargetOpened(input: StartInput): {
  readonly opened: boolean | undefined;
  readonly unopened?: NonNullable<RollingUpgrade['unopened']>;
} {
  const { upgrade, observation, peers, replicas } = input;
  if (upgrade.targetStarted === true || (upgrade.completedPods ?? []).length > 0) return { opened: true };
  if ((upgrade.catchUp ?? []).length > 0) return { opened: true };
  if (isUntouched(upgrade, replicas)) return { opened: false };
  const { pods, claims, statefulSet } = observation;
  const touched = peers.expected.slice(lowestTouched(upgrade, replicas));
  const names = new Set(touched.map(({ name }) => `data-${name}`));
  const isStamped =
    claims.kind === 'known' &&
    claims.value.some(({ metadata: { name = '', annotations } }) => {
      const stamp = annotations?.[dataVersionAnnotation];
      return names.has(name) && stamp !== undefined && isOlder(upgrade.fromVersion ?? '', stamp);
    });
  if (isStamped) return { opened: true };
  const set = statefulSet.kind === 'known' ? statefulSet.value : undefined;
  const judged = touched.flatMap((peer) => {
    const { pod, member } = peer;
    if (pod === undefined || !mayRunTarget(pod, set, upgrade)) return [];
    return [targetStarts(pod, isSealed(member), touched.length === 1 ? upgrade.unopened : undefined)];
  });
  if (judged.some(({ opened }) => opened === true)) return { opened: true };
  const isTold = pods.kind === 'known' && claims.kind === 'known' && statefulSet.kind === 'known';
  const [first] = judged;
  if (!isTold) return { opened: undefined, ...defined({ unopened: upgrade.unopened }) };
  // The pod that was remembered is gone: of its very last moments nobody knows.
  if (first === undefined) return { opened: upgrade.unopened !== undefined };
  return touched.length === 1
    ? first
    : { opened: judged.every(({ opened }) => opened === false) ? false : undefined };
}

const isSealed = (member: Peer['member']): boolean | undefined =>
  member.kind === 'known' ? member.value.sealed || !member.value.initialized : undefined;

type StartInput = Pick<PhaseInput, 'upgrade' | 'observation' | 'peers' | 'replicas'>;

/**
 * spec asks for something else while pods are being replaced. The pod in work must be stuck, run another version than
 * it should, or not have been understood for the whole time of its step: one that is making its way is let finish
 * first, and so is a target that runs on other pods already, for under a new template the StatefulSet controller would
 * take them down by itself, without our gate.
 *
 * @returns what to do instead of the phase; nothing when the phase goes on
 */
export function retarget(input: PhaseInput): Step | undefined {
  const { upgrade, status, context, peers, replicas } = input;
  const wanted = wantedBy(input);
  if (sameTarget(wanted, targetOf(upgrade)) || isOfRestore(upgrade, status)) return undefined;
  const { opened: started, unopened } = whatTargetOpened(input);
  const isBackwards = isOlder(wanted.version, upgrade.targetVersion ?? '');
  if (isBackwards && started === undefined) {
    return wait(`${wanted.version} is requested, but it is unknown whether ${upgrade.targetVersion} has run`);
  }
  if (isBackwards && started === true) {
    const what = `spec asks for ${wanted.version}, but ${upgrade.targetVersion} has already run on this data`;
    return hold(
      failure('DowngradeBlocked', what, { remedy: `Set spec.version to ${upgrade.targetVersion} or newer` }),
    );
  }
  const others = (upgrade.completedPods ?? []).length > 0;
  const ordinal = upgrade.currentPartition ?? replicas;
  // No pod is in work: the partition was taken back.
  if (ordinal >= replicas) return undefined;
  const peer = peers.expected[ordinal];
  const pod = peer?.pod;
  const isUp = pod !== undefined && isReady(pod);
  if (others || (isUp && !runsAnother(peer, upgrade) && !isGivenUpOn(peer, upgrade, wanted)))
    return undefined;
  if (isBackwards && (pod === undefined || !mayGoBack(pod, upgrade, wanted))) return undefined;
  const unfit = peers.expected
    .filter((other) => other.ordinal !== ordinal && replicas > 1)
    .map((other) => whyUnhealthy(other, peers))
    .find((reason) => reason !== undefined);
  if (unfit !== undefined) return wait(`the next target is ${wanted.version}, but ${unfit}`);
  const kept = isUp ? whyKept(input, ordinal) : undefined;
  if (kept !== undefined) return kept.step;
  const from = { version: upgrade.fromVersion ?? '', image: upgrade.fromImage ?? '' };
  // What still runs on every other pod needs no check.
  if (sameTarget(wanted, from)) return switchTo(input, wanted, context.newOperationId);
  return started === false
    ? checkThenSwitch(input, wanted, from, unopened)
    : checkThenSwitch(input, wanted, targetOf(upgrade));
}

/** Whether the pod in work says that it runs another version than the target: it never becomes the target's. */
const runsAnother = (peer: Peer | undefined, { targetVersion }: RollingUpgrade): boolean =>
  peer?.member.kind === 'known' &&
  !peer.member.value.sealed &&
  !isSameVersion(peer.member.value.version, targetVersion ?? '');

/**
 * Whether the pod of a target that has opened no data may be taken back: it cannot start, its start has ended by a
 * fault that comes before the data, or it has stayed sealed for the whole time of its step. One about to start could
 * open it while we look.
 */
const mayGoBack = (pod: Pod, upgrade: RollingUpgrade, wanted: UpgradeTarget): boolean => {
  if (cannotStart(pod)) return true;
  const isRunning = serverStatus(pod)?.state?.running !== undefined;
  return everStarted(pod) && (!isRunning || isGivenUp(upgrade, wanted));
};

/** Whether it was held, and spec then asked for something else. */
const isGivenUp = ({ held, retarget: asked }: RollingUpgrade, wanted: UpgradeTarget): boolean =>
  held === true || (asked !== undefined && sameTarget(asked, wanted));

/** Whether the pod in work could not be understood until it was held, and spec then asked for something else. */
const isGivenUpOn = (peer: Peer | undefined, upgrade: RollingUpgrade, wanted: UpgradeTarget): boolean =>
  peer !== undefined && isUnread(peer) && isGivenUp(upgrade, wanted);

/** A pod that is up may lead and vote: it is taken down as any other is. A phase that goes on is no step. */
function whyKept(input: PhaseInput, ordinal: number): { readonly step: Step | undefined } | undefined {
  const { upgrade, peers, replicas } = input;
  if (upgrade.stepDown !== undefined) return { step: undefined };
  const { leader } = peers;
  if (replicas > 1 && leader.kind === 'known' && leader.value === peers.expected[ordinal]?.name) {
    const blocked = whyNotStepDown(input, ordinal);
    return { step: blocked === undefined ? startStepDown(input, ordinal) : waitBlocked(blocked) };
  }
  const blocked = whyNotTakeDown(input, ordinal);
  const step = blocked === undefined ? whySealUnproved(input) : waitBlocked(blocked);
  return step === undefined ? undefined : { step };
}

function checkThenSwitch(
  input: PhaseInput,
  wanted: UpgradeTarget,
  from: UpgradeTarget,
  unopened?: RollingUpgrade['unopened'],
): Step {
  const { observation, context } = input;
  const { jobs } = observation;
  const forbidden = startCheck(observation, from, wanted, unopened);
  if (forbidden.kind === 'unknown') return wait(forbidden.cause);
  if (forbidden.value !== undefined) return hold(forbidden.value);
  const asked = askedTarget(input) ?? { ...wanted, operationId: context.newOperationId };
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const check = versionCheck(input, jobs.value, asked.operationId, wanted);
  const judged = judgeImage(input, check, wanted);
  if (judged === undefined) return switchTo(input, wanted, asked.operationId);
  if (judged.kind === 'failed') return hold(judged.failure, { patch: { retarget: asked } });
  return wait(`next target ${wanted.version}: ${judged.reason}`, {
    patch: { retarget: asked },
    effects: check.effects,
  });
}

/** The pod in work is made anew from the new target; the partition stays where it is. */
function switchTo(input: PhaseInput, { version, image }: UpgradeTarget, operationId: string): Step {
  const { upgrade, peers, replicas, status, context } = input;
  const ordinal = upgrade.currentPartition ?? replicas;
  const uid = peers.expected[ordinal]?.pod?.metadata.uid;
  const aborts = version === upgrade.fromVersion && image === upgrade.fromImage;
  const lock = status.operationLock;
  return advance('Replacing', {
    patch: {
      operationId,
      targetVersion: version,
      targetImage: image,
      retarget: undefined,
      stepDown: undefined,
      catchUp: undefined,
      targetStarted: aborts ? undefined : upgrade.targetStarted,
      unopened: aborts ? undefined : upgrade.unopened,
      replacing: { ordinal, ...defined({ oldPodUID: uid }) },
    },
    statusPatch:
      lock === undefined
        ? {}
        : { operationLock: { ...lock, operationId, renewedAt: timestamp(context.now) } },
    events: [
      aborts
        ? event(
            'Normal',
            'UpgradeAborted',
            'Abort',
            `back to ${version}: ${upgrade.targetVersion} has opened no data`,
          )
        : event(
            'Normal',
            'UpgradeRetargeted',
            'Retarget',
            `to ${version} (${image}) instead of ${upgrade.targetVersion}`,
          ),
    ],
  });
}

/** Drops an upgrade that has touched nothing; what spec asks for then starts anew by itself. */
export function dropped(status: OpenBaoClusterStatus): OpenBaoClusterStatus {
  const { upgrade: _, operationLock, ...rest } = withoutLastError(status);
  return operationLock === undefined || operationLock.operation === 'Upgrade'
    ? rest
    : { ...rest, operationLock };
}
