import { releaseRetryAnnotation } from '../../api/labels.ts';
import { unchanged } from '../model/concern.ts';
import { normal, type DecideReleasePart } from './decision.ts';

/** A new value of `rollguard.io/retry` asks once: what failed is tried again with the same spec. */
export const decideRetry: DecideReleasePart = ({ resource }, status) => {
  const asked = resource.metadata.annotations?.[releaseRetryAnnotation]?.slice(0, 128);
  if (asked === undefined || asked === status.lastRetry) return unchanged(status);
  const { rejected, ...rest } = status;
  const next = { ...rest, lastRetry: asked };
  if (rejected === undefined) return unchanged(next);
  return {
    status: next,
    effects: [],
    events: [
      normal('RetryRequested', 'Retry', `The inputs of the failed release ${rejected.version} are retried`),
    ],
  };
};
