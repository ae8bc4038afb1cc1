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

/** The condition of this type that was said before; undefined where there was none yet. */
export const saidBefore = (
  { conditions }: { readonly conditions?: readonly Condition[] },
  type: string,
): Condition | undefined => conditions?.find((each) => each.type === type);

/** A condition as it was, while what it rests on is not known; none where it was never said. */
export const asBefore = (before: Condition | undefined): Verdict | undefined =>
  before && verdict(before.type, before.status === 'True', before.reason, before.message);

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

/** Conditions of which these are said anew; what the others said of the object stays. */
export function saidAnew(
  verdicts: readonly Verdict[],
  conditions: readonly Condition[] = [],
  generation: number | undefined,
  now: number,
): Condition[] {
  const types = new Set(verdicts.map(({ type }) => type));
  return [
    ...verdicts.map((each) => dated(each, conditions, generation, now)),
    ...conditions.filter(({ type }) => !types.has(type)),
  ];
}

/** What is being deleted is not Ready, and needs nobody. */
export const deleting = (message: string): readonly Verdict[] => [
  verdict('Ready', false, 'Deleting', message),
  verdict('Stalled', false, 'Deleting', message),
  verdict('Reconciling', true, 'Deleting', message),
];

/** What is being done or waited for. */
export interface Work extends Notice {
  /** It goes on only when a person says so, as spec has it; the remedy says how. Nothing has failed. */
  readonly awaitsPerson?: true;
}

/** While paused nothing goes on before a person ends the pause. */
export const pausedWork = ({ message }: Pick<Work, 'message'>, resume: string): Work => ({
  kind: 'waiting',
  reason: 'Paused',
  message: `spec.paused is true; this waits: ${message}`,
  remedy: 'To resume',
  commands: [{ line: resume }],
  awaitsPerson: true,
});

/** What an object is summed up from. */
interface State {
  /** What needs a person because something is wrong: the gravest. */
  readonly hold: Notice | undefined;
  readonly available: Verdict;
  /** Undefined when all is as spec asks for. */
  readonly work: Work | undefined;
  readonly degraded: Verdict;
  /** In words, what is so when it is Ready. */
  readonly asExpected: string;
}

/**
 * Ready, Stalled and Reconciling, which kstatus reads. Of Stalled and Reconciling it goes by the one that is True and
 * stands first in the list (docs/facts/crossings-measured.md), so they are never both True, and Stalled stands first.
 */
export const summary = (state: State): readonly Verdict[] => [
  readiness(state),
  stalled(state),
  reconciling(state),
];

/** Ready: nothing is needed from a person, it serves, nothing is to be done, and all of it is well. */
function readiness({ hold, available, work, degraded, asExpected }: State): Verdict {
  if (hold !== undefined) return verdict('Ready', false, hold.reason, inWords(hold));
  if (available.status !== 'True') return { ...available, type: 'Ready' };
  if (work !== undefined) return verdict('Ready', false, work.reason, inWords(work));
  if (degraded.status === 'True') return verdict('Ready', false, degraded.reason, degraded.message);
  return verdict('Ready', true, 'AsExpected', asExpected);
}

/** Stalled: something is wrong, and needs a person. That spec asks for a person is named here too, and is no fault. */
function stalled({ hold, work }: State): Verdict {
  if (hold !== undefined) return verdict('Stalled', true, hold.reason, inWords(hold));
  return work?.awaitsPerson === true
    ? verdict('Stalled', false, work.reason, `nothing has failed, but a person is awaited: ${inWords(work)}`)
    : verdict('Stalled', false, 'AsExpected', 'no action is needed');
}

/** Reconciling: the controller is at work, and needs nobody. */
function reconciling({ hold, work }: State): Verdict {
  if (hold !== undefined) {
    const meanwhile = work === undefined ? '' : `; meanwhile: ${work.message}`;
    return verdict('Reconciling', false, 'Held', `it is held until a person acts; see Stalled${meanwhile}`);
  }
  if (work === undefined) return verdict('Reconciling', false, 'AsExpected', 'there is nothing to do');
  return verdict('Reconciling', work.awaitsPerson !== true, work.reason, inWords(work));
}
