import { documents } from '../../api/documents.ts';
import type { HoldReasonOf } from '../../api/hold-reasons.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import type { Remedy } from '../model/explanation.ts';
import { unknown, type Known } from '../model/known.ts';
import { retryInMaintenanceCommand } from '../model/kubectl.ts';
import { roles } from '../model/names.ts';
import { maintenanceEnabled } from '../model/selectors.ts';
import { parseTimestamp } from '../model/time.ts';
import type { Observation, SealableNamespace } from '../model/observation.ts';
import { isBeforeBreak } from '../raft/mix.ts';
import type { Peers } from '../raft/peers.ts';

/** Whether a server of this version may hold keys of sealable namespaces; what is no version may. */
export const knowsSealables = (version: string): boolean => isBeforeBreak(version) !== true;

/** Whether it is to be read who holds the keys of namespaces: while something may stop members. */
export const needsSealables = ({ status }: Pick<OpenBaoCluster, 'status'>): boolean => {
  const phase = activeBlueGreen(status)?.phase;
  const isMoving = status?.upgrade !== undefined || status?.scaling !== undefined;
  return isMoving || phase === 'UpgradingGreen' || phase === 'DemotingBlue' || phase === 'Cleanup';
};

/**
 * Milliseconds for which keys are waited for in maintenance too, after the beginning of a phase: four exchanges. Who may
 * set that accepts what stays lost, not what a moment brings.
 */
const patienceMs = 60_000;

/**
 * Whether a person lets the keys go that are at risk (`spec.maintenance.enabled`, which needs its verb).
 *
 * @param since when the phase began; undefined where nothing is to be waited for
 */
export function isAccepted(cluster: OpenBaoCluster, since: string | undefined, now: number): boolean {
  const begun = parseTimestamp(since);
  return maintenanceEnabled(cluster) && (begun === undefined || now >= begun + patienceMs);
}

/** Whose going it is about. */
interface Stop {
  /** By pod name: who is to be stopped, or to hand over leadership before that. */
  readonly stopping: readonly string[];
  /** The other members. */
  readonly staying: readonly string[];
  readonly leader: string | undefined;
  /** What ran when the operation began. */
  readonly fromVersion: string | undefined;
}

export interface KeyRisk {
  readonly reason: HoldReasonOf<'RollingUpgrade'> & HoldReasonOf<'BlueGreenUpgrade'> & KeyReason;
  /** What is wrong, with names; a clause. */
  readonly message: string;
}

type KeyReason = 'NamespacesWouldSeal' | 'NamespaceSealsUnknown';

/**
 * What would be lost with these members: the keys of a sealable namespace lie in memory alone, and a member that comes
 * back gets them from another one, within seconds. So a member that stays must hold them, and another than the leader,
 * who may fail meanwhile (docs/facts/openbao-2.6-measured.md, 0.5). What cannot be read counts as lost; but where an
 * operation began before 2.6 there was no such namespace (0.4), and an older role need not know of them.
 *
 * @returns undefined when nothing would be
 */
export function keyRisk(
  { sealables = unknown('not read yet') }: Pick<Observation, 'sealables'>,
  stop: Stop,
): KeyRisk | undefined {
  const mayHaveBeen = knowsSealables(stop.fromVersion ?? '');
  if (sealables.kind === 'unknown') {
    return mayHaveBeen ? unreadable(sealables.cause) : undefined;
  }
  const beside = stop.staying.filter((name) => name !== stop.leader);
  const keepers = beside.length > 0 ? beside : stop.staying;
  const judged = sealables.value.map((namespace) => ({ namespace, ...kept(namespace, stop, keepers) }));
  const lost = judged.filter(({ outcome }) => outcome === 'lost').map(({ namespace }) => namespace);
  const [first] = lost;
  if (first !== undefined) return wouldSeal(lost, first, stop, keepers);
  const doubt = judged.find(({ outcome }) => outcome === 'unknown');
  return doubt === undefined || !mayHaveBeen
    ? undefined
    : unreadable(`${doubt.namespace.path}: ${doubt.cause}`);
}

/**
 * The same for members of a cluster: all that are expected beside them stay.
 *
 * @param stopping by pod name
 */
export const keyRiskWithout = (
  observation: Pick<Observation, 'sealables'>,
  { expected, leader }: Pick<Peers, 'expected' | 'leader'>,
  stopping: readonly string[],
  fromVersion: string | undefined,
): KeyRisk | undefined =>
  keyRisk(observation, {
    stopping,
    staying: expected.map(({ name }) => name).filter((name) => !stopping.includes(name)),
    leader: leader.kind === 'known' ? leader.value : undefined,
    fromVersion,
  });

type Kept =
  | { readonly outcome: 'kept' | 'lost'; readonly cause?: undefined }
  | { readonly outcome: 'unknown'; readonly cause: string };

function kept({ unsealed }: SealableNamespace, stop: Stop, keepers: readonly string[]): Kept {
  const of = (names: readonly string[]): readonly Known<boolean>[] =>
    names.flatMap((name) => unsealed.get(name) ?? []);
  // A new leader may not have heard of the keys yet that the old one holds.
  const holders = of([...stop.stopping, ...(stop.leader === undefined ? [] : [stop.leader])]);
  if (holders.every(isNo)) return { outcome: 'kept' };
  const found = of(keepers);
  if (found.some(isYes)) return { outcome: 'kept' };
  const doubt = [...found, ...(holders.some(isYes) ? [] : holders)].find((each) => each.kind === 'unknown');
  return doubt?.kind === 'unknown' ? { outcome: 'unknown', cause: doubt.cause } : { outcome: 'lost' };
}

const isYes = (each: Known<boolean>) => each.kind === 'known' && each.value;
const isNo = (each: Known<boolean>) => each.kind === 'known' && !each.value;

function wouldSeal(
  lost: readonly SealableNamespace[],
  first: SealableNamespace,
  { stopping, leader }: Stop,
  keepers: readonly string[],
): KeyRisk {
  const holders = [...first.unsealed].flatMap(([name, each]) =>
    isYes(each) ? [name === leader ? `${name} (leader)` : name] : [],
  );
  const others = keepers.length === 0 ? 'there is no other member' : `sealed on ${keepers.join(', ')}`;
  const which = lost.length === 1 ? 'namespace' : 'namespaces';
  return {
    reason: 'NamespacesWouldSeal',
    message: `without ${stopping.join(', ')} the last keys of the sealable ${which} ${named(lost)} could be lost: unsealed on ${holders.join(', ')}, and ${others}`,
  };
}

/** No more than a message can bear. */
const mostNamed = 8;

function named(namespaces: readonly SealableNamespace[]): string {
  const more = namespaces.length - mostNamed;
  const first = namespaces.slice(0, mostNamed).map(({ path }) => path);
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const unreadable = (what: string): KeyRisk => ({
  reason: 'NamespaceSealsUnknown',
  message: `which members hold the keys of sealable namespaces could not be read, and the last ones may go with the next pod: ${what}`,
});

const remedies: Readonly<Record<KeyReason, string>> = {
  NamespacesWouldSeal:
    'See that the members without the keys reach the leader (port 8201), which passes them on every 15 s. Where that is in vain, or there is no other member: have the owners at hand, who unseal their namespaces afterwards, and continue in maintenance',
  NamespaceSealsUnknown: `Where it is 403, add to the policy ${roles.observer}: path "sys/namespaces" { capabilities = ["scan"] } and path "sys/namespaces/+/seal-status" { capabilities = ["read"] }, for nested ones see ${documents.sealables}. Where no namespace is sealable, or it may be sealed, continue in maintenance`,
};

/** What to do now about a risk, with the command that accepts it; undefined for any other reason. */
export function keyRemedy(cluster: Pick<OpenBaoCluster, 'metadata'>, reason: string): Remedy | undefined {
  if (!Object.hasOwn(remedies, reason)) return undefined;
  const { name = '', namespace = 'default' } = cluster.metadata;
  return {
    remedy: remedies[reason as KeyReason],
    commands: [
      {
        purpose: 'or, in maintenance',
        line: retryInMaintenanceCommand(name, namespace),
      },
    ],
  };
}
