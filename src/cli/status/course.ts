import { defined } from '../../api/object-fields.ts';
import { parseTimestamp } from '../../core/model/time.ts';
import type { Consequence } from '../../core/upgrade/bluegreen/on-failure.ts';

/** What every upgrade or restart under way has, by whichever strategy. Durations are milliseconds. */
export interface Progress {
  /** `upgrade`: another version; `image`: another image of the same version; `restart`: neither. */
  readonly kind: 'upgrade' | 'image' | 'restart';
  readonly from?: string;
  readonly to?: string;
  readonly phase?: string;
  readonly runningForMs?: number;
  readonly phaseForMs?: number;
  /** Until waiting becomes a failure; negative once passed; absent while the clock stands still. */
  readonly failsInMs?: number;
  /** What a failure leads to. */
  readonly onFailure: Consequence;
  readonly held: boolean;
  readonly leadershipChanges: number;
  readonly snapshot?: string;
}

/** One part of the way, for the line that shows where an upgrade is. */
export interface Milestone {
  readonly name: string;
  readonly state: 'done' | 'now' | 'next';
}

/** Versions and images of either end. */
interface Ends {
  readonly fromVersion?: string | undefined;
  readonly targetVersion?: string | undefined;
  readonly fromImage?: string | undefined;
  readonly targetImage?: string | undefined;
}

export function kindOf({
  fromVersion,
  targetVersion,
  fromImage,
  targetImage,
}: Ends): Pick<Progress, 'kind' | 'from' | 'to'> {
  const kind = fromVersion !== targetVersion ? 'upgrade' : fromImage !== targetImage ? 'image' : 'restart';
  const [from, to] = kind === 'image' ? [fromImage, targetImage] : [fromVersion, targetVersion];
  return { kind, ...defined({ from, to }) };
}

/** The times of a status that says where an upgrade is. */
interface Times {
  readonly startedAt?: string | undefined;
  readonly phaseStartedAt?: string | undefined;
  readonly deadline?: string | undefined;
  readonly pausedAt?: string | undefined;
  readonly held?: boolean | undefined;
}

/** @param now milliseconds since the epoch */
export function clockOf(
  { startedAt, phaseStartedAt, deadline, pausedAt, held }: Times,
  now: number,
): Pick<Progress, 'runningForMs' | 'phaseForMs' | 'failsInMs'> {
  const [started, phaseStarted, due] = [startedAt, phaseStartedAt, deadline].map(parseTimestamp);
  return {
    ...(started === undefined ? {} : { runningForMs: now - started }),
    ...(phaseStarted === undefined ? {} : { phaseForMs: now - phaseStarted }),
    ...(due === undefined || held === true || pausedAt !== undefined ? {} : { failsInMs: due - now }),
  };
}

/** Which milestones are past, by their order; all are next where the present one is none of them. */
export function milestonesOf(names: readonly string[], present: string | undefined): readonly Milestone[] {
  const now = names.findIndex((name) => name === present);
  return names.map((name, index) => ({
    name,
    state: index === now ? 'now' : index < now ? 'done' : 'next',
  }));
}
