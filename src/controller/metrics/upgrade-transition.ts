import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { parseTimestamp } from '../../core/model/time.ts';
import { upgradeUnderWay } from './active-upgrade.ts';

/** How an upgrade may end: `aborted` before the target had a vote or a pod, `rolled-back` after green had votes. */
export const upgradeOutcomes = ['done', 'aborted', 'rolled-back'] as const;

/** What ended between two statuses of a cluster. Seconds of the status's own times, pauses included. */
interface UpgradeTransition {
  readonly phase?: { readonly name: string; readonly seconds: number };
  readonly upgrade?: { readonly outcome: (typeof upgradeOutcomes)[number]; readonly seconds: number };
  /** status.lastErrorReason of a hold, or the reason of a break glass, that began. */
  readonly heldFor?: string;
}

/** @param now milliseconds since the epoch: when the upgrade was seen to be gone */
export function upgradeTransition(
  before: OpenBaoClusterStatus | undefined,
  after: OpenBaoClusterStatus | undefined,
  now: number,
): UpgradeTransition {
  const [old, next] = [before, after].map(upgradeUnderWay);
  if (old === undefined) return {};
  const isSame = next !== undefined && next.startedAt === old.startedAt;
  const heldFor = isSame ? stoppedFor(before, after) : undefined;
  // Where the next phase began, this one ended; each pod begins its phases anew.
  const phaseEnd = isSame ? parseTimestamp(next.phaseStartedAt) : now;
  const phaseStart = parseTimestamp(old.phaseStartedAt);
  const hasEnded = !isSame || next.phaseStartedAt !== old.phaseStartedAt;
  const phase =
    hasEnded && old.phase !== undefined && phaseStart !== undefined && phaseEnd !== undefined
      ? { name: old.phase, seconds: Math.max(0, (phaseEnd - phaseStart) / 1000) }
      : undefined;
  const start = parseTimestamp(old.startedAt);
  const upgrade =
    isSame || start === undefined
      ? undefined
      : { outcome: outcomeOf(before, after), seconds: Math.max(0, (now - start) / 1000) };
  return {
    ...defined({ phase, upgrade, heldFor }),
  };
}

/** Why it waits for a person now and did not before. Each incident has a nonce of its own. */
function stoppedFor(
  before: OpenBaoClusterStatus | undefined,
  after: OpenBaoClusterStatus | undefined,
): string | undefined {
  const incident = after?.breakGlass;
  if (incident?.active === true) {
    const isNew = before?.breakGlass?.active !== true || before.breakGlass.nonce !== incident.nonce;
    return isNew ? (incident.reason ?? 'Unknown') : undefined;
  }
  const hasStopped = upgradeUnderWay(after)?.held === true && upgradeUnderWay(before)?.held !== true;
  return hasStopped ? (after?.lastErrorReason ?? 'Unknown') : undefined;
}

/** The phases that only an upgrade which succeeds is seen to end in. */
const lastPhases: readonly (string | undefined)[] = ['Finalizing', 'Cleanup'];

/** Done: it went from its last phase, or a watch that missed that sees the target's version run now. */
function outcomeOf(
  before: OpenBaoClusterStatus | undefined,
  after: OpenBaoClusterStatus | undefined,
): (typeof upgradeOutcomes)[number] {
  const { phase, targetVersion, crossedAt } = upgradeUnderWay(before) ?? {};
  if (crossedAt !== undefined && after?.blueGreen?.rejectedTarget !== undefined) return 'rolled-back';
  if (upgradeUnderWay(after) !== undefined) return 'aborted';
  const arrived = after?.currentVersion === targetVersion && before?.currentVersion !== targetVersion;
  return lastPhases.includes(phase) || arrived ? 'done' : 'aborted';
}
