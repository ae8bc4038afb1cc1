import { omit } from '../../../api/object-fields.ts';
import { parseTimestamp } from '../../model/time.ts';
import { endPending, type Ending } from '../ending.ts';
import { releaseFailures, restartsOf } from '../failure.ts';
import { podsOf } from '../observation.ts';
import { whyNotReady } from '../readiness.ts';
import { wait, type DecideStep, type StepInputs } from './step.ts';
import { takenAway } from './taken-away.ts';

/**
 * Grace: the new color stays well for a while, without traffic. It is judged at the end: a moment of not being
 * ready passes and starts no clock anew (section 8, 3); a container that ended meanwhile does not pass, also when it
 * runs again by then.
 */
export const grace: DecideStep = (inputs) => {
  const { observation, status, context, pending } = inputs;
  const { now } = context;
  const given = takenAway(inputs);
  if (given !== undefined) return given;
  const until = parseTimestamp(pending.graceUntil) ?? now;
  const ending = whyUnwell(inputs);
  const [failure] = releaseFailures(observation, pending.version);
  const isHopeless = observation.resource.spec.rollout?.failFast === true && failure?.isTerminal === true;
  if (ending !== undefined && (now >= until || isHopeless)) return endPending(status, pending, ending, now);
  if (ending === undefined && now >= until) {
    const rest = omit(status, 'waitingFor');
    return { status: { ...rest, step: 'Switching' }, effects: [], events: [] };
  }
  const what = ending === undefined ? 'the end of the grace period' : `${ending.reason}: ${ending.message}`;
  return wait(status, what, until);
};

/** Why the release may not serve; undefined when it may. */
export function whyUnwell({ observation, pending, release }: StepInputs): Ending | undefined {
  const { version, restarts: before = 0 } = pending;
  const [failure] = releaseFailures(observation, version);
  const why = whyNotReady(observation, version, release.snapshot.inputs);
  if (why !== undefined)
    return { cause: 'Failed', reason: failure?.reason ?? 'NotReady', message: failure?.message ?? why };
  const restarts = restartsOf(observation, version) - before;
  if (restarts <= 0) return undefined;
  const last = lastEnd(observation, version);
  return {
    cause: 'Failed',
    reason: last === 'OOMKilled' ? last : 'ContainerRestarted',
    message: `its containers ended ${restarts} times after it was ready${last === undefined ? '' : `, last with ${last}`}`,
  };
}

const lastEnd = (observation: StepInputs['observation'], version: string): string | undefined =>
  podsOf(observation, version)
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .map(({ lastState }) => lastState?.terminated?.reason)
    .findLast((reason) => reason !== undefined);
