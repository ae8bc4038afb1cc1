import type { OpenBaoClusterStatus } from '../api/openbaocluster.ts';
import { parseTimestamp } from '../core/time.ts';

/** What ended between two statuses of a cluster. Seconds of the status's own times, pauses included. */
export interface UpgradeTransition {
  readonly phase?: { readonly name: string; readonly seconds: number };
  readonly upgrade?: { readonly outcome: 'done' | 'aborted'; readonly seconds: number };
  /** status.lastErrorReason of a hold that began. */
  readonly heldFor?: string;
}

/** @param now milliseconds since the epoch: when the upgrade was seen to be gone */
export function upgradeTransition(
  before: OpenBaoClusterStatus | undefined,
  after: OpenBaoClusterStatus | undefined,
  now: number,
): UpgradeTransition {
  const [old, next] = [before?.upgrade, after?.upgrade];
  if (old === undefined) return {};
  const isSame = next !== undefined && next.startedAt === old.startedAt;
  const heldFor =
    isSame && next.held === true && old.held !== true ? (after?.lastErrorReason ?? 'Unknown') : undefined;
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
    ...(phase === undefined ? {} : { phase }),
    ...(upgrade === undefined ? {} : { upgrade }),
    ...(heldFor === undefined ? {} : { heldFor }),
  };
}

/** Done: it went from Finalizing, or a watch that missed that sees the target's version run now. */
function outcomeOf(
  before: OpenBaoClusterStatus | undefined,
  after: OpenBaoClusterStatus | undefined,
): 'done' | 'aborted' {
  if (after?.upgrade !== undefined) return 'aborted';
  const { phase, targetVersion } = before?.upgrade ?? {};
  const arrived = after?.currentVersion === targetVersion && before?.currentVersion !== targetVersion;
  return phase === 'Finalizing' || arrived ? 'done' : 'aborted';
}
