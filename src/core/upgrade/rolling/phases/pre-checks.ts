import type { OpenBaoClusterStatus } from '../../../../api/openbaocluster.ts';
import { defined } from '../../../../api/object-fields.ts';
import type { ObservedJob } from '../../../model/observation.ts';
import { jobInWords, provedOutcome } from '../../../jobs/followed-job.ts';
import { jobFailure, jobReport } from '../../../jobs/job-outcome.ts';
import { unknown } from '../../../model/known.ts';
import { whyBehind, whyUnhealthy } from '../../../raft/health.ts';
import { whyRemovalUnderWay } from '../../../raft/removal.ts';
import { mendsVersions, strays } from '../../strays.ts';
import { insufficientCapacity } from '../../capacity.ts';
import { isBlueGreen, upgradesGreenInPlace } from '../../target.ts';
import { event } from '../../event.ts';
import { failure, type FailureReason } from '../failure.ts';
import { executorCheck, versionCheck, type CheckAction } from '../jobs.ts';
import { whyKeysWouldGo } from '../disruption-guard.ts';
import { advance, hold, wait, waitBlocked, type PhaseHandler, type PhaseInput, type Step } from '../phase.ts';
import { overdueRemedy, remedy } from '../remedy.ts';
import { whySealUnproved } from '../seal-proof.ts';
import { whyForbidden } from '../start-check.ts';
import { judgeImage } from '../version-check.ts';
import { serverContainer } from '../../../model/names.ts';

/**
 * PreChecks: nothing has been touched, and nothing is before every one of these passes in the same look:
 * the gate's rules, every pod and member, membership, catch-up, a real login, the store, the target image.
 */
export const preChecks: PhaseHandler = (input) => {
  const { observation, upgrade, replicas } = input;
  const target = { version: upgrade.targetVersion ?? '', image: upgrade.targetImage ?? '' };
  const forbidden = whyForbidden(input);
  if (forbidden !== undefined) return forbidden;
  // A green half adds members before it takes any away.
  if (replicas === 2 && !isBlueGreen(observation.cluster, upgrade)) {
    const what = 'one of two members is not a quorum, so replacing either would stop writes';
    return hold(failure('QuorumWouldBeLost', what, remedy(input, 'set spec.replicas to 3')));
  }
  if (replicas === 1 && isBlueGreen(observation.cluster, upgrade) && upgradesGreenInPlace(upgrade)) {
    const what = `from ${upgrade.fromVersion} to ${upgrade.targetVersion} the green member is replaced while it and the blue one vote, and one of two voters is not a quorum, so this would stop writes`;
    const hint = 'set spec.replicas to 3, or spec.upgrade.strategy to RollingUpdate';
    return hold(failure('QuorumWouldBeLost', what, remedy(input, hint)));
  }
  return judgeMembers(input) ?? judgeNamespaces(input) ?? judgeJobs(input, target);
};

/** Every member is a healthy voter that has caught up, and nobody else is a voter. */
function judgeMembers(input: PhaseInput): Step | undefined {
  const { peers, observation, upgrade, replicas } = input;
  const { statefulSet, jobs } = observation;
  const removal = whyRemovalUnderWay(jobs);
  if (removal !== undefined) return wait(removal);
  if (statefulSet.kind === 'unknown') return wait(`the StatefulSet could not be read: ${statefulSet.cause}`);
  const size = statefulSet.value?.spec?.replicas;
  if (size !== replicas) return wait(`the StatefulSet has ${size ?? 'no'} replicas, not ${replicas}`);
  if (peers.clusterIds.size > 1) return hold(twoClusters(input));
  for (const peer of peers.expected) {
    const unhealthy = whyUnhealthy(peer, peers);
    if (unhealthy !== undefined) return wait(unhealthy);
  }
  const { fromVersion = '', targetVersion = '' } = upgrade;
  const found = strays(peers.expected, fromVersion);
  if (!mendsVersions(found, fromVersion, targetVersion))
    return wait(found.map(({ why }) => why).join('; '), { overdue: 'VersionMismatch' });
  if (peers.voters.kind === 'unknown') return wait(`the voters are not known: ${peers.voters.cause}`);
  const expected = new Set(peers.expected.map(({ name }) => name));
  const strangers = peers.voters.value.filter((id) => !expected.has(id));
  if (strangers.length > 0) {
    const what = `Raft counts ${strangers.join(', ')} as a voter, but no pod of this cluster has that name`;
    return hold(
      failure(
        'MembershipMismatch',
        what,
        remedy(input, `remove it: ${removePeer(input, strangers[0] ?? '')}`),
      ),
    );
  }
  for (const peer of peers.expected) {
    const behind = whyBehind(peer, upgrade.referenceIndex);
    if (behind !== undefined) return wait(behind);
  }
  return undefined;
}

/**
 * The keys of sealable namespaces, as before each pod, but for all of them: it is told before anything is touched. A
 * single member takes them with it in any case, so nothing is waited for. A green half has none yet: what blue alone
 * holds is judged before blue goes.
 */
function judgeNamespaces(input: PhaseInput): Step | undefined {
  const { observation, upgrade, peers, replicas } = input;
  const risks = peers.expected.flatMap((_, ordinal) => whyKeysWouldGo(input, ordinal) ?? []);
  const isGreen = isBlueGreen(observation.cluster, upgrade);
  const blocked = risks.find(({ overdue }) => !isGreen || overdue === 'NamespaceSealsUnknown');
  if (blocked?.overdue === undefined) return undefined;
  const { reason, overdue } = blocked;
  return overdue === 'NamespacesWouldSeal' && replicas === 1
    ? hold(failure(overdue, reason, overdueRemedy(input, overdue)))
    : waitBlocked(blocked);
}

/** The leader is asked, with a token that only a person has. */
function removePeer({ peers: { leader }, observation: { cluster } }: PhaseInput, id: string): string {
  const { namespace = 'default' } = cluster.metadata;
  const pod = leader.kind === 'known' ? leader.value : 'LEADER';
  return `kubectl exec -n ${namespace} ${pod} -c ${serverContainer} -- env BAO_TOKEN=… bao operator raft remove-peer ${id}`;
}

export function twoClusters(input: PhaseInput) {
  const ids = [...input.peers.clusterIds].map(([id, pods]) => `${id} (${pods.join(', ') || 'recorded'})`);
  return failure(
    'TwoClusters',
    `the members belong to different OpenBao clusters: ${ids.join(', ')}`,
    remedy(input, 'empty the volumes of the members that belong to another cluster'),
  );
}

function judgeJobs(input: PhaseInput, target: { readonly version: string; readonly image: string }): Step {
  const { observation, upgrade } = input;
  const { jobs, cluster } = observation;
  if (jobs.kind === 'unknown') return wait(`the Jobs could not be read: ${jobs.cause}`);
  const { preUpgradeSnapshot, blueGreen } = cluster.spec.upgrade ?? {};
  const wantsSnapshot =
    preUpgradeSnapshot === true || (isBlueGreen(cluster, upgrade) && blueGreen?.preUpgradeSnapshot === true);
  const actions: readonly CheckAction[] = wantsSnapshot ? ['preflight', 'probe-store'] : ['preflight'];
  const checks = [...actions.map((action) => judgeJob(input, jobs.value, action)), whySealUnproved(input)];
  // What runs already needs no check of its image.
  const isRestart = target.version === upgrade.fromVersion && target.image === upgrade.fromImage;
  if (!isRestart) {
    const check = versionCheck(input, jobs.value, upgrade.operationId ?? '', target);
    const judged = judgeImage(input, check, target);
    checks.push(
      judged?.kind === 'failed'
        ? hold(judged.failure)
        : judged === undefined
          ? undefined
          : wait(judged.reason, {
              effects: check.effects,
              overdue: 'TargetImageUnusable',
            }),
    );
  }
  const failed = checks.find((step) => step?.kind === 'hold');
  if (failed !== undefined) return failed;
  const pending = checks.filter((step) => step?.kind === 'wait');
  if (pending.length > 0) {
    return wait(pending.map(({ reason }) => reason).join(', '), {
      effects: pending.flatMap(({ effects = [] }) => effects),
      ...(pending[0]?.overdue === undefined ? {} : { overdue: pending[0].overdue }),
    });
  }
  const cramped = isBlueGreen(cluster, upgrade) ? judgeRoom(input) : undefined;
  if (cramped !== undefined) return cramped;
  return advance(wantsSnapshot ? 'Snapshot' : 'Locking', {
    patch: { referenceIndex: undefined },
    ...keepsDeadServers(input, jobs.value),
    events: [event('Normal', 'PreChecksPassed', 'PreChecks', 'every check before the upgrade has passed')],
  });
}

/**
 * That dead servers are removed is written down before it is switched off, and stays there until it is on again. A
 * blue-green upgrade writes it down itself.
 */
function keepsDeadServers(
  input: PhaseInput,
  jobs: readonly ObservedJob[],
): { readonly statusPatch?: Partial<OpenBaoClusterStatus> } {
  const { observation, status, upgrade } = input;
  if (isBlueGreen(observation.cluster, upgrade)) return {};
  if (status.deadServerCleanup === undefined && !removesDeadServers(input, jobs)) return {};
  return { statusPatch: { deadServerCleanup: defined({ operationId: upgrade.operationId }) } };
}

/** Whether autopilot removes dead servers, as the check has seen. */
export const removesDeadServers = (input: PhaseInput, jobs: readonly ObservedJob[]): boolean =>
  jobReport(executorCheck(input, jobs, 'preflight').observed)?.data?.['deadServerCleanup'] === true;

/**
 * Last, when the Jobs of the checks have ended and are counted no more. What others use may go, so it is waited for.
 */
function judgeRoom({ observation, replicas }: PhaseInput): Step | undefined {
  const { cluster, room = unknown('not read yet') } = observation;
  if (room.kind === 'unknown') return wait(`the available resources could not be read: ${room.cause}`);
  if (observation.claims.kind === 'unknown')
    return wait(`the volumes could not be read: ${observation.claims.cause}`);
  const cramped = insufficientCapacity(cluster, replicas, room.value, observation.claims.value);
  return cramped === undefined ? undefined : wait(cramped.what, { overdue: cramped.reason });
}

const failed: Readonly<Record<'preflight' | 'probe-store' | 'snapshot', readonly [FailureReason, string]>> = {
  preflight: ['LoginFailed', 'correct the role at auth/jwt-operator (spec.upgrade.jwtAuthRole)'],
  'probe-store': ['SnapshotStoreUnusable', 'correct spec.backup.target and its credentials'],
  snapshot: ['PreUpgradeSnapshotFailed', 'correct spec.backup'],
};

/** One Job: nothing when it has succeeded. */
function judgeJob(input: PhaseInput, jobs: readonly ObservedJob[], action: CheckAction): Step | undefined {
  const check = executorCheck(input, jobs, action);
  const outcome = provedOutcome(check);
  if (outcome === 'succeeded') return undefined;
  if (check.observed !== undefined && outcome === 'failed') {
    const [reason, hint] = failed[action];
    return hold(failure(reason, jobFailure(check.observed), remedy(input, hint)));
  }
  return wait(jobInWords(check), {
    effects: check.effects,
    overdue: failed[action][0],
  });
}
