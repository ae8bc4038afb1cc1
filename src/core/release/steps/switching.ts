import type { MetadataServicesStatus } from '../../../api/metadataservices.ts';
import { timestamp } from '../../model/time.ts';
import { normal, windowOf, type ReleasePart } from '../decision.ts';
import { endPending, recordOfPending, withoutPending } from '../ending.ts';
import { withActive } from '../history.ts';
import { componentsOf } from '../inputs.ts';
import { servedBy } from '../observation.ts';
import { whyUnwell } from './grace.ts';
import { wait, type DecideStep, type StepInputs } from './step.ts';
import { takenAway } from './taken-away.ts';

/**
 * Switching: the Services of no color select the new release; one write each. It serves when all of them were read
 * back so. Until the first of them has moved it is still judged.
 */
export const switching: DecideStep = (inputs) => {
  const { observation, status, context, pending, release } = inputs;
  const components = componentsOf(release.snapshot.inputs);
  const waiting = components.filter((component) => servedBy(observation, component) !== pending.version);
  if (waiting.length === 0) return serves(inputs);
  const given = takenAway(inputs);
  if (given !== undefined) return given;
  const ending = waiting.length === components.length ? whyUnwell(inputs) : undefined;
  if (ending !== undefined) return endPending(status, pending, ending, context.now);
  return wait(status, `the traffic of ${waiting.join(' and ')} moves to ${pending.strategy}`, undefined);
};

/**
 * Whether the switch has begun, as far as can be known: it is carried through, in a moment, and what speaks against
 * the release is judged after it, when it is known whether the old one could still serve. Unless it cannot end.
 */
export const isCommitted = (
  { refused = [] }: StepInputs['observation'],
  { step }: MetadataServicesStatus,
): boolean => step === 'Switching' && !refused.some(({ kind }) => kind === 'Service');

function serves({ observation, status, context, pending }: StepInputs): ReleasePart {
  const { now } = context;
  const { activeReleaseVersion: before, activeStrategy: color } = status;
  const active: MetadataServicesStatus = withActive(
    withoutPending(status),
    recordOfPending(pending, 'Active'),
  );
  const until = timestamp(now + windowOf('cleanupDelay', observation.resource.spec, context));
  const watching =
    before === undefined || color === undefined || color === pending.strategy
      ? {}
      : { step: 'Watching' as const, watching: { version: before, strategy: color, until } };
  const { rollbackTo, version, strategy } = pending;
  const what = rollbackTo === undefined ? '' : `, which repeats ${rollbackTo}`;
  return {
    status: { ...active, ...watching },
    effects: [],
    events: [
      normal('TrafficSwitched', 'Switch', `Traffic switched to ${strategy} (${version}${what})`),
      ...('step' in watching
        ? []
        : [normal('ReleaseSucceeded', 'Deploy', `Release ${version} is active. Deployment phase: Stable`)]),
    ],
  };
}
