import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { unchanged, type Concern } from '../model/cluster-concern.ts';
import { asBefore, saidBefore, verdict, type Verdict } from '../model/conditions.ts';
import { names } from '../model/names.ts';
import type { Observation } from '../model/observation.ts';
import { isRolling } from '../model/rolling.ts';
import { answers, wantedReplicas } from '../model/selectors.ts';
import { areApart, mixOf } from '../raft/mix.ts';

type Status = OpenBaoClusterStatus;

const type = 'MixedVersions';

/**
 * Whether members run, or are just being given, versions that cannot work together: then nobody who is needed may be
 * demoted or removed, for no vote is given back until all run one of them.
 */
export const isMixed = (status: Status): boolean =>
  saidBefore(status, type)?.status === 'True' ||
  (isRolling(status.upgrade?.phase) &&
    areApart(status.upgrade?.fromVersion ?? '', status.upgrade?.targetVersion ?? ''));

/**
 * What the condition MixedVersions says: what clients must know in a mix; there from its first time on. While a member
 * does not answer, it stays as it was.
 */
export function mixSeen(observation: Observation, status: Status): Verdict | undefined {
  const members = answers(observation);
  const mix = mixOf(members);
  const before = saidBefore(status, type);
  if (mix !== undefined) {
    const { activeService } = names(observation.cluster.metadata.name ?? '');
    const message = `${mix} may be unable to pass requests on to each other: at a member whose version is not the leader's, writes and logins are answered with 307 then; let clients follow it, or send them to the Service ${activeService}. Until all run one of the two, autopilot may call members unhealthy, and a member that is demoted or removed may get no vote back`;
    return verdict(type, true, 'CannotForward', message);
  }
  if (before === undefined) return undefined;
  const isWhole = members.length >= (status.replicas ?? wantedReplicas(observation.cluster));
  return before.status === 'True' && !isWhole
    ? asBefore(before)
    : verdict(type, false, 'Alike', 'the members pass requests on to each other');
}

/** Tells when a mix begins and when it has ended. */
export const decideMix: Concern = (observation, status) => {
  const was = saidBefore(status, type)?.status === 'True';
  const now = mixSeen(observation, status);
  if (now === undefined || (now.status === 'True') === was) return unchanged(status);
  const event = {
    type: was ? ('Normal' as const) : ('Warning' as const),
    reason: was ? 'VersionsAlike' : 'VersionsMixed',
    action: 'Observe',
    note: `${now.message.charAt(0).toUpperCase()}${now.message.slice(1)}.`.slice(0, 1024),
  };
  return { ...unchanged(status), events: [event] };
};
