import { inWords } from '../model/explanation.ts';
import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { withInitialized } from '../model/cluster-ids.ts';
import { dated, summary, verdict, type Verdict } from '../model/conditions.ts';
import { whyUnhealthy } from '../raft/health.ts';
import { isActive } from '../raft/leader.ts';
import { peersOf, peersOfHalves, type Peers } from '../raft/peers.ts';
import { quorum } from '../raft/quorum.ts';
import { stageOf, activeBlueGreen, isPastWayBack } from '../model/blue-green.ts';
import { liveRevision, memberNamed } from '../model/members.ts';
import { restartInPlace } from '../model/server-container.ts';
import { activeLabelMissing, whyNotReachable } from './active-label.ts';
import { goingVolumesSeen } from './going-volumes.ts';
import { guardSeen } from './guard.ts';
import { secondClusterDetected } from './identity.ts';
import { mixSeen } from './mix.ts';
import { longOutage, withOutage } from './outage.ts';
import type { Observation } from '../model/observation.ts';
import type { Notice } from '../model/cluster-concern.ts';
import type { DecisionContext } from '../model/decision.ts';
import { serverLogs } from '../model/kubectl.ts';
import { course, target, workOf } from './work.ts';
import { answers, memberClaims, isPaused, wantedReplicas } from '../model/selectors.ts';

/**
 * What people and kstatus read: Ready, Reconciling, Stalled, Available, Upgrading, Degraded, and others, such as
 * BreakGlass, from their first time on. Pausing hides nothing (docs/facts/openbao-operator.md, 1.2 did). `lastTransitionTime` moves
 * with `status` alone.
 *
 * @param notices what the parts wait for
 */
export function withConditions(
  observed: Observation,
  status: OpenBaoClusterStatus,
  notices: readonly Notice[],
  { now, settings }: Pick<DecisionContext, 'now' | 'settings'>,
): OpenBaoClusterStatus {
  // Whose members these are is said by the status to be stored: at the end of a blue-green upgrade they are green's.
  const cluster = { ...observed.cluster, status };
  const observation = { ...observed, cluster };
  const replicas = status.replicas ?? wantedReplicas(cluster);
  const current = activeBlueGreen(status);
  // Both halves are one Raft cluster: its leader and its quorum may be of either.
  const peers =
    current === undefined
      ? peersOf(observation, replicas, status.clusterID)
      : peersOfHalves(observation, replicas, status.clusterID);
  const seen = withInitialized(status, memberClaims(observation));
  const available = availability(observation, seen, peers);
  const timed = withOutage(observed.cluster, status, available, now);
  const outage = longOutage(observation, timed, available, now);
  const holds = [...holdsOf(status, notices), ...(outage === undefined ? [] : [outage])];
  const [hold] = holds;
  const degraded = degradation(
    seen,
    peers,
    serving(observation, status, peers),
    holds,
    available,
    whyNotReachable(cluster, status),
  );
  const work = workOf(observation, seen, notices, settings);
  const verdicts: readonly Verdict[] = [
    ...summary({ hold, available, work, degraded, asExpected: 'the cluster matches its spec' }),
    available,
    upgrading(status, cluster),
    degraded,
    ...breakGlass(status),
    ...crossing(status),
    ...[mixSeen, guardSeen, goingVolumesSeen].flatMap((said) => said(observation, status) ?? []),
  ];
  return {
    ...timed,
    phase: phaseOf(seen, holds, peers),
    conditions: verdicts.map((each) => dated(each, status.conditions, cluster.metadata.generation, now)),
  };
}

/** What needs a person, the gravest first. */
function holdsOf(status: OpenBaoClusterStatus, notices: readonly Notice[]): readonly Notice[] {
  const {
    breakGlass: incident,
    lastErrorReason = 'Held',
    lastErrorMessage = 'no reason was recorded',
  } = status;
  const stopped =
    status.upgrade?.held === true || status.blueGreen?.held === true || status.scaling?.held === true;
  return [
    ...(incident?.active === true
      ? [{ kind: 'held' as const, reason: 'BreakGlassRequired', message: incidentMessage(incident) }]
      : []),
    ...notices.filter(({ reason }) => reason === secondClusterDetected),
    ...(stopped ? [{ kind: 'held' as const, reason: lastErrorReason, message: lastErrorMessage }] : []),
    ...notices.filter(({ kind, reason }) => kind === 'held' && reason !== secondClusterDetected),
  ];
}

const incidentMessage = ({
  reason = 'unknown',
  nonce = '',
}: NonNullable<OpenBaoClusterStatus['breakGlass']>) =>
  `automation stopped (${reason}), because continuing could make things worse; repair the incident, then set spec.breakGlassAck to ${nonce}`;

function availability(observation: Observation, status: OpenBaoClusterStatus, peers: Peers): Verdict {
  const { leader, voters } = peers;
  if (leader.kind === 'known' && voters.kind === 'known') {
    const healthy = healthyCount(peers);
    const message = `${leader.value} leads; ${healthy} of ${voters.value.length} voters are healthy`;
    return verdict('Available', true, 'LeaderActive', message);
  }
  if (status.initialized !== true)
    return verdict('Available', false, 'NotInitialized', 'the cluster has never been initialized');
  const answering = answers(observation);
  const everybody = peers.expected.every(({ pod, member }) => pod === undefined || member.kind === 'known');
  const nobodyLeads = observation.pods.kind === 'known' && !answering.some(isActive);
  if (everybody && nobodyLeads) {
    return verdict('Available', false, 'NoLeader', leaderless(observation));
  }
  const cause = leader.kind === 'unknown' ? leader.cause : voters.kind === 'unknown' ? voters.cause : '';
  return verdict('Available', undefined, 'LeaderUnknown', cause);
}

/**
 * That nobody leads. A standby's 429 looks well also where there is nobody to stand by for, and members that are older
 * than the data can stay so for ever (docs/facts/openbao-2.6-measured.md, 0.4).
 */
function leaderless(observation: Observation): string {
  const standbys = answers(observation).filter(({ initialized, sealed }) => initialized && !sealed);
  const [first] = standbys;
  if (first === undefined) return 'no member leads; reads and writes are refused';
  const { namespace = '' } = observation.cluster.metadata;
  const named = standbys.map(({ pod, version }) => `${pod} (${version})`).join(', ');
  return inWords({
    message: `no member leads, reads and writes are refused: an outage, although ${named} answer as standbys do (429). An election takes seconds`,
    remedy:
      'If it lasts: put the newer version back where an older one runs on its data, or read why nobody is elected',
    commands: [{ line: serverLogs(first.pod, namespace) }],
  });
}

const healthyCount = (peers: Peers) =>
  peers.expected.filter((peer) => whyUnhealthy(peer, peers) === undefined).length;

function degradation(
  { initialized, upgrade, scaling }: OpenBaoClusterStatus,
  peers: Peers,
  expected: Peers['expected'],
  holds: readonly Notice[],
  available: Verdict,
  unreachable: string | undefined,
): Verdict {
  const [gravest] = holds;
  if (gravest !== undefined) return verdict('Degraded', true, gravest.reason, inWords(gravest));
  if (initialized !== true) return verdict('Degraded', false, 'Initializing', 'the cluster is starting');
  if (available.status === 'False') return verdict('Degraded', true, available.reason, available.message);
  const busy = new Set([
    ...(upgrade?.replacing === undefined ? [] : [upgrade.replacing.ordinal]),
    ...(upgrade?.catchUp ?? []).map(({ ordinal }) => ordinal),
    ...(scaling?.step === undefined || scaling.replicas === undefined ? [] : [scaling.replicas - 1]),
  ]);
  const missing = expected
    .filter(({ ordinal }) => !busy.has(ordinal))
    .flatMap((peer) => {
      const unhealthy = whyUnhealthy(peer, peers);
      const restarted = restartInPlace(peer.pod);
      if (unhealthy === undefined) return [];
      return restarted === undefined ? unhealthy : `${unhealthy} (${restarted})`;
    });
  if (available.status === 'Unknown')
    return verdict('Degraded', undefined, available.reason, available.message);
  if (unreachable !== undefined)
    return verdict('Degraded', true, activeLabelMissing, [...missing, unreachable].join('; '));
  return missing.length === 0
    ? verdict('Degraded', false, 'AsExpected', 'every member is healthy or is being replaced')
    : verdict('Degraded', true, 'MembersUnhealthy', missing.join('; '));
}

/**
 * The members that must be healthy voters now: of the half that serves before votes move, of green in Cleanup. While
 * they move, the quorum alone says whether something is amiss.
 */
function serving({ cluster }: Observation, status: OpenBaoClusterStatus, peers: Peers): Peers['expected'] {
  const current = activeBlueGreen(status);
  if (current === undefined) return peers.expected;
  const stage = stageOf(current.phase);
  const isBluesTurn = stage === 'early' || current.phase === 'RollbackCleanup';
  if (!isBluesTurn && stage !== 'cleanup') return [];
  const revision = isBluesTurn ? liveRevision(cluster.status) : current.greenRevision;
  return peers.expected.filter(({ name }) => memberNamed(cluster, name)?.revision === revision);
}

function upgrading(status: OpenBaoClusterStatus, cluster: Observation['cluster']): Verdict {
  const { upgrade } = status;
  const current = activeBlueGreen(status);
  if (upgrade === undefined && current === undefined) {
    return verdict('Upgrading', false, 'Idle', 'no upgrade is in progress');
  }
  const phase = current?.phase ?? upgrade?.phase ?? 'PreChecks';
  const where = `${current === undefined ? target(upgrade ?? {}) : course(current)}, in ${phase}`;
  if (current !== undefined && status.breakGlass?.active === true) {
    return verdict('Upgrading', false, 'BreakGlassRequired', `${where}, has stopped; see BreakGlass`);
  }
  if (upgrade?.held === true || current?.held === true) {
    return verdict(
      'Upgrading',
      false,
      status.lastErrorReason ?? 'Held',
      `${where}, has stopped; see Degraded`,
    );
  }
  if (isPaused(cluster)) return verdict('Upgrading', true, 'Paused', `${where}, is paused`);
  return verdict('Upgrading', true, phase, where);
}

function breakGlass({ breakGlass: incident, conditions = [] }: OpenBaoClusterStatus): readonly Verdict[] {
  if (incident?.active === true) {
    return [verdict('BreakGlass', true, incident.reason ?? 'Unknown', incidentMessage(incident))];
  }
  return conditions.some(({ type }) => type === 'BreakGlass')
    ? [verdict('BreakGlass', false, 'Acknowledged', 'no incident is open')]
    : [];
}

/** From the first green vote, and from Cleanup: what is past, and what remains possible. */
function crossing(status: OpenBaoClusterStatus): readonly Verdict[] {
  const { conditions = [] } = status;
  const current = activeBlueGreen(status);
  const { crossedAt, cleanupStartedAt, greenVersion, blueVersion, leadsSince } = current ?? {};
  const isPast = current !== undefined && isPastWayBack(current);
  const limit = current?.upgradesGreenInPlace === true ? 'until a green member leads' : 'until Cleanup';
  const isBack = current !== undefined && stageOf(current.phase) === 'back';
  const verdicts = [
    crossedAt === undefined
      ? verdict('Crossing', false, 'Idle', 'no votes are being moved to another version')
      : verdict(
          'Crossing',
          true,
          isBack ? 'RollingBack' : 'GreenVotes',
          isBack
            ? `votes went to ${greenVersion} at ${crossedAt} and are being moved back`
            : `since ${crossedAt} an election may move leadership to ${greenVersion}; ${cleanupStartedAt === undefined && !isPast ? `a rollback (spec.upgrade.requests.rollback) is possible ${limit}` : 'only a restore leads back'}`,
        ),
    cleanupStartedAt === undefined
      ? isPast
        ? verdict(
            'PointOfNoReturn',
            true,
            'GreenLeads',
            `a member of ${greenVersion} leads since ${leadsSince}, from which members of ${blueVersion} get no votes; only a restore leads back`,
          )
        : verdict('PointOfNoReturn', false, 'Idle', 'nothing was removed')
      : verdict(
          'PointOfNoReturn',
          true,
          'Cleanup',
          `blue is being removed since ${cleanupStartedAt}; only a restore leads back`,
        ),
  ];
  // Each from its first time on.
  return verdicts.filter(
    (each) => each.status === 'True' || conditions.some(({ type }) => type === each.type),
  );
}

function phaseOf(
  status: OpenBaoClusterStatus,
  holds: readonly Notice[],
  peers: Peers,
): NonNullable<OpenBaoClusterStatus['phase']> {
  const { initialized, upgrade } = status;
  const isUpgrading = upgrade !== undefined || activeBlueGreen(status) !== undefined;
  if (holds.length > 0 || hasLostQuorum(peers, status)) return 'Failed';
  if (isUpgrading) return 'Upgrading';
  return initialized === true ? 'Running' : 'Initializing';
}

/** Known, and more than a moment's election: fewer than a quorum of the voters are there and unsealed. */
function hasLostQuorum(peers: Peers, { raft }: OpenBaoClusterStatus): boolean {
  const voters = peers.voters.kind === 'known' ? peers.voters.value : (raft?.voters ?? []);
  const down = peers.expected
    .filter(({ name }) => voters.includes(name))
    .filter(({ pod, member }) => pod === undefined || (member.kind === 'known' && member.value.sealed));
  return voters.length > 0 && voters.length - down.length < quorum(voters.length);
}
