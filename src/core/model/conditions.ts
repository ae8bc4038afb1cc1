/** Conditions as kstatus reads them, of every kind that is driven. */
import { inWords } from './explanation.ts';
import type { Condition } from '../../api/fields.ts';
import { defined } from '../../api/object-fields.ts';
import type { Notice } from './concern.ts';
import { timestamp } from './time.ts';

/** What a condition says, without its times. */
export type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** @param is undefined when nobody knows */
export const verdict = (type: string, is: boolean | undefined, reason: string, message: string): Verdict => ({
  type,
  status: is === undefined ? 'Unknown' : is ? 'True' : 'False',
  reason,
  message,
});

/** The same condition where nothing but the hour has changed. */
export function dated(
  said: Verdict,
  conditions: readonly Condition[] | undefined,
  generation: number | undefined,
  now: number,
): Condition {
  const former = conditions?.find(({ type }) => type === said.type);
  return {
    ...said,
    lastTransitionTime: former?.status === said.status ? former.lastTransitionTime : timestamp(now),
    ...defined({ observedGeneration: generation }),
  };
}

/** Ready: nothing is needed from a person, it serves, nothing is to be done, and all of it is well. */
export function readiness(
  hold: Notice | undefined,
  available: Verdict,
  work: Notice | undefined,
  degraded: Verdict,
  asExpected: string,
): Verdict {
  if (hold !== undefined) return verdict('Ready', false, hold.reason, inWords(hold));
  if (available.status !== 'True') return { ...available, type: 'Ready' };
  if (work !== undefined) return verdict('Ready', false, work.reason, work.message);
  if (degraded.status === 'True') return verdict('Ready', false, degraded.reason, degraded.message);
  return verdict('Ready', true, 'AsExpected', asExpected);
}

/** Stalled: what needs a person. */
export const stalled = (hold: Notice | undefined): Verdict =>
  hold === undefined
    ? verdict('Stalled', false, 'AsExpected', 'no action is needed')
    : verdict('Stalled', true, hold.reason, inWords(hold));
