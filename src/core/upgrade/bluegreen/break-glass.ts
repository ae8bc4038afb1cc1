import { documents } from '../../../api/documents.ts';
import { holdReasons, type HoldReasonOf } from '../../../api/hold-reasons.ts';
import { clusterLabel, requestedByAnnotation } from '../../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import { defined } from '../../../api/object-fields.ts';
import type { ClusterEvent, DecisionContext } from '../../model/decision.ts';
import type { Observation } from '../../model/observation.ts';
import { timestamp } from '../../model/time.ts';
import { jobLogs } from '../../model/kubectl.ts';
import { serverContainer } from '../../model/names.ts';
import { event } from '../event.ts';
import { correction, handOver, unreadAnswers, unreadInWords } from '../unread.ts';
import type { PhaseInput } from './phase.ts';

type Incident = NonNullable<OpenBaoClusterStatus['breakGlass']>;

/** How many incidents are remembered. */
const longestHistory = 20;

/** Why automation stops for good, until a person acknowledges (specification, page 001). */
export type IncidentReason = HoldReasonOf<'BreakGlass'>;

/**
 * Enters break glass: no further Job, no pod and no volume is touched, and both halves keep serving what they can.
 * One that is active already keeps its nonce (docs/facts/openbao-operator.md, 3.5).
 */
export function enterBreakGlass(
  input: PhaseInput,
  reason: IncidentReason,
  what: string,
): { readonly incident: Incident; readonly event: ClusterEvent } {
  const { status, blueGreen, context } = input;
  const { name = '' } = input.observation.cluster.metadata;
  const job = blueGreen.lastJobFailure;
  const message = `${holdReasons[reason].meaning}: ${what}; manual intervention required.`.slice(0, 2048);
  const incident: Incident = {
    active: true,
    reason,
    message,
    nonce: context.newNonce,
    enteredAt: timestamp(context.now),
    steps: [...stepsFor(input, reason, job, context.newNonce)],
    ...(status.breakGlass?.history === undefined ? {} : { history: status.breakGlass.history }),
  };
  const note = `${reason}: ${message} See: kubectl get openbaocluster ${name} -n ${input.observation.cluster.metadata.namespace} -o jsonpath='{.status.breakGlass}'`;
  return { incident, event: event('Warning', 'BreakGlassRequired', 'BreakGlass', note.slice(0, 1024)) };
}

/**
 * What to do, with commands for this very cluster: its own pods and Jobs (docs/facts/openbao-operator.md, 3.5, the
 * known flaw).
 */
function stepsFor(
  { observation, halves, peers, blueGreen }: PhaseInput,
  reason: IncidentReason,
  job: string | undefined,
  nonce: string,
): readonly string[] {
  const { name = '', namespace = 'default' } = observation.cluster.metadata;
  const leader = peers.leader.kind === 'known' ? peers.leader.value : halves.blue[0];
  const bao = `kubectl exec -n ${namespace} -it ${leader} -c ${serverContainer} -- env BAO_TOKEN=TOKEN bao operator raft`;
  const repair =
    reason === 'RollbackConsensusRepairFailed'
      ? `${blueGreen.upgradesGreenInPlace === true ? `Votes come back only while a blue member leads: where a green one does, let it step down until one of ${halves.blue.join(', ')} leads. ` : ''}Make every blue member a voter again (${bao} promote -id=ID; ID is one of ${halves.blue.join(', ')}), then demote the green members (${bao} demote -id=ID; ${halves.green.join(', ')}). Never demote or remove the leader: let it step down first.`
      : `Make sure that a blue member is the leader (${halves.blue.join(', ')}), then remove the green members that Raft still lists: ${bao} remove-peer ID (${halves.green.join(', ')})`;
  const unread = unreadAnswers({ peers, observation }).slice(0, 3);
  const [lead] = handOver({ peers, observation }, unread);
  return [
    // A step has at most 1,024 characters.
    ...(unread.length === 0
      ? []
      : [
          unreadInWords(unread).slice(0, 1024),
          `${lead === undefined ? 'To end that,' : `Let another member lead (${lead.line}), or`} ${correction(unread, namespace)}`,
        ]),
    ...(job === undefined ? [] : [`Read the log of the failed Job: ${jobLogs(job, namespace)}`]),
    `See which pods are healthy: kubectl get pods -n ${namespace} -l ${clusterLabel}=${name} -o wide`,
    `See who votes and who leads: ${bao} list-peers (where the token comes from: ${documents.personsToken})`,
    repair,
    `If it cannot be repaired, stop here and restore a snapshot: ${documents.restore}`,
    `When the cluster is healthy, request a retry of the rollback: ${acknowledgeCommand(name, namespace, nonce)}`,
  ];
}

/** The command that acknowledges an incident. */
export const acknowledgeCommand = (cluster: string, namespace: string, nonce: string): string =>
  `kubectl patch openbaocluster ${cluster} -n ${namespace} --type merge -p '{"spec":{"breakGlassAck":"${nonce}"}}'`;

/** Whether spec acknowledges the incident of now. An empty nonce acknowledges nothing. */
export const isAcknowledged = ({ cluster }: Observation, { breakGlass }: OpenBaoClusterStatus): boolean =>
  breakGlass?.active === true &&
  (breakGlass.nonce ?? '') !== '' &&
  cluster.spec.breakGlassAck === breakGlass.nonce;

/** The incident is over, once; its nonce goes into the history with who acknowledged it and when. */
export function acknowledged(
  { cluster }: Observation,
  { breakGlass = {} }: OpenBaoClusterStatus,
  { now }: DecisionContext,
): { readonly incident: Incident; readonly event: ClusterEvent } {
  const { reason, nonce = '', enteredAt, history = [] } = breakGlass;
  const acknowledgedAt = timestamp(now);
  const acknowledgedBy = cluster.metadata.annotations?.[requestedByAnnotation]?.slice(0, 253);
  const ended = {
    nonce,
    acknowledgedAt,
    ...defined({ reason, enteredAt }),
    ...(acknowledgedBy === undefined ? {} : { acknowledgedBy }),
  };
  const incident: Incident = {
    ...breakGlass,
    active: false,
    acknowledgedAt,
    history: [...history, ended].slice(-longestHistory),
  };
  const note = `${reason} was acknowledged by ${acknowledgedBy ?? 'a user whom the gate did not see'}; the rollback is retried`;
  return { incident, event: event('Normal', 'BreakGlassAcknowledged', 'Acknowledge', note) };
}
