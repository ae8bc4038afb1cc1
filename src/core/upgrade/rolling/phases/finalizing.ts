import { whyUnhealthy } from '../../../raft/health.ts';
import { failure } from '../failure.ts';
import { hold, wait, type PhaseHandler, type PhaseInput } from '../phase.ts';
import { isOfNewestTemplate, whyNotInPlace } from '../pods.ts';
import { remedy } from '../remedy.ts';
import { isReady } from '../../../model/selectors.ts';
import { parseTimestamp } from '../../../model/time.ts';
import { isSameVersion } from '../../target.ts';
import { unreadBehind } from '../../unread.ts';

/**
 * Finalizing: every pod is the target's and healthy, and the StatefulSet controller itself calls the roll
 * done: currentRevision == updateRevision. Only then may the partition hold everything again, for a pod below it is
 * made from currentRevision, which until then is the old version (docs/design.md, "What would hurt most").
 *
 * An answer that cannot be understood does not keep it for ever: each pod has caught up once, and nothing is taken down
 * any more. The next upgrade asks again before it touches anything.
 */
export const finalizing: PhaseHandler = (input) => {
  const { observation, upgrade, peers } = input;
  const missing = whyNotInPlace(observation.statefulSet, upgrade, 0);
  if (missing !== undefined) return wait(missing);
  const { statefulSet } = observation;
  if (statefulSet.kind === 'unknown') return wait(statefulSet.cause);
  const { currentRevision, updateRevision } = statefulSet.value?.status ?? {};
  for (const peer of peers.expected) {
    if (peer.pod === undefined || !isOfNewestTemplate(peer.pod, statefulSet.value, upgrade)) {
      return wait(`${peer.name} to have the newest template`);
    }
    const unhealthy = whyUnhealthy(peer, peers);
    if (unhealthy !== undefined && !(isReady(peer.pod) && isUnreadTooLong(input, unhealthy)))
      return wait(unhealthy);
    if (
      peer.member.kind === 'known' &&
      !isSameVersion(peer.member.value.version, upgrade.targetVersion ?? '')
    ) {
      const what = `${peer.name} reports version ${peer.member.value.version}, not ${upgrade.targetVersion}`;
      return hold(failure('VersionMismatch', what, remedy(input, 'the image must have that version')));
    }
  }
  if (currentRevision !== updateRevision) {
    return wait(
      `the StatefulSet controller to finish: currentRevision ${currentRevision}, updateRevision ${updateRevision}`,
    );
  }
  return { kind: 'finish' };
};

function isUnreadTooLong(input: PhaseInput, reason: string): boolean {
  const deadline = parseTimestamp(input.upgrade.deadline);
  const isOverdue = deadline !== undefined && input.context.now > deadline;
  return isOverdue && unreadBehind(input, reason).length > 0;
}
