import { strategyLabel } from '../../../api/labels.ts';
import { parseTimestamp, timestamp } from '../../model/time.ts';
import { deletionOf, isServed } from '../cleaning.ts';
import { normal, windowOf } from '../decision.ts';
import { endPending } from '../ending.ts';
import { releaseFailures } from '../failure.ts';
import { releaseOf } from '../observation.ts';
import { missingComponents } from '../readiness.ts';
import { wait, type DecideStep } from './step.ts';

/**
 * Preparing: the color is freed of what another release left there, then record, ConfigMaps, Services and
 * Deployments are made. The window for becoming ready begins when all Deployments are there: until then nothing of
 * the release can be at fault (section 8, 2).
 */
export const preparing: DecideStep = ({ observation, status, context, pending, release }) => {
  const { now } = context;
  const leftOver = observation.deployments.filter(
    (each) =>
      each.metadata.labels?.[strategyLabel] === pending.strategy && releaseOf(each) !== pending.version,
  );
  const missing = missingComponents(observation, pending.version, release.snapshot.inputs);
  if (leftOver.length === 0 && missing.length === 0) {
    const { spec } = observation.resource;
    const readyDeadline = timestamp(now + windowOf('readinessTimeout', spec, context));
    return {
      status: {
        ...status,
        step: 'WaitingForReady',
        pending: { ...pending, created: true, readyDeadline },
      },
      effects: [],
      events: [
        normal(
          'ReleaseDeployed',
          'Deploy',
          `Deployment Deploying: Waiting for pending strategy to be ready (${pending.strategy}, by ${readyDeadline})`,
        ),
      ],
    };
  }
  const deadline = parseTimestamp(pending.readyDeadline);
  if (deadline !== undefined && now >= deadline) {
    const [failure] = releaseFailures(observation, pending.version);
    const refused = observation.refused?.map(({ kind, name, message }) => `${kind} ${name}: ${message}`);
    return endPending(
      status,
      pending,
      {
        cause: 'Failed',
        reason: failure?.reason ?? 'NotCreated',
        message:
          failure?.message ??
          `the Deployments of ${missing.join(' and ')} could not be created in time${refused?.length ? `: ${refused.join('; ')}` : ''}`,
      },
      now,
    );
  }
  if (leftOver.length > 0) {
    const removable = leftOver.filter((each) => !isServed(observation, status, releaseOf(each)));
    return {
      ...wait(
        status,
        `${pending.strategy} is being cleared of ${releaseOf(leftOver[0]!) ?? 'another release'}`,
        deadline,
      ),
      effects: removable.map(deletionOf),
    };
  }
  return wait(status, `the Deployments of ${missing.join(' and ')} are being created`, deadline);
};
