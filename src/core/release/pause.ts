import type { MetadataServicesStatus } from '../../api/metadataservices.ts';
import { defined } from '../../api/object-fields.ts';
import { unchanged } from '../model/concern.ts';
import { parseTimestamp, timestamp } from '../model/time.ts';
import { normal, type DecideReleasePart } from './decision.ts';

/**
 * The clocks stand still while spec.paused is set: what was left of each window is left afterwards
 * (docs/design.md, rule 9).
 */
export const decidePause: DecideReleasePart = ({ resource }, status, { now }) => {
  const isPaused = resource.spec.paused === true;
  const { pausedAt, ...rest } = status;
  if (isPaused === (pausedAt !== undefined)) return unchanged(status);
  if (isPaused) {
    return {
      status: { ...status, pausedAt: timestamp(now) },
      effects: [],
      events: [normal('Paused', 'Pause', 'No new step is started; the clocks are stopped')],
    };
  }
  const stoodMs = Math.max(0, now - (parseTimestamp(pausedAt) ?? now));
  return {
    status: later(rest, stoodMs),
    effects: [],
    events: [normal('Resumed', 'Resume', `Continued after ${Math.round(stoodMs / 1000)} s`)],
  };
};

function later(status: MetadataServicesStatus, ms: number): MetadataServicesStatus {
  const { pending, watching } = status;
  const moved = (text: string | undefined) => {
    const time = parseTimestamp(text);
    return time === undefined ? undefined : timestamp(time + ms);
  };
  const readyDeadline = moved(pending?.readyDeadline);
  const graceUntil = moved(pending?.graceUntil);
  return {
    ...status,
    ...(pending === undefined
      ? {}
      : {
          pending: {
            ...pending,
            ...defined({ readyDeadline, graceUntil }),
          },
        }),
    ...(watching === undefined
      ? {}
      : { watching: { ...watching, until: moved(watching.until) ?? watching.until } }),
  };
}
