import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { sameValue } from '../same-value.ts';
import { decideGuarding, decideInitialisation } from './bootstrap.ts';
import { applyDrifted } from './children.ts';
import { withConditions } from './conditions.ts';
import type { Decision, DecisionContext } from './decision.ts';
import { decideFacts } from './facts.ts';
import { decideIdentity, withTrustedRaft } from './identity.ts';
import { decideMaintenance } from './maintenance.ts';
import type { Observation } from './observation.ts';
import { inTurn, type DecidePart } from './part.ts';
import { decideCertificates, decideUnsealKey } from './secrets.ts';

/** The concerns of a cluster's life, in their order: what is first has its way. */
const parts: readonly DecidePart[] = [
  decideFacts,
  decideIdentity,
  decideMaintenance,
  decideUnsealKey,
  decideCertificates,
  decideInitialisation,
  decideGuarding,
];

/**
 * All that follows from one observation of a cluster. The status comes back as it was stored when nothing
 * changed, so that nothing is written; `leaseTransitions` alone is no change.
 */
export function decideCluster(observed: Observation, context: DecisionContext): Decision {
  const stored = observed.cluster.status ?? {};
  const observation = withTrustedRaft(observed, stored);
  const result = inTurn(parts, observation, stored, context);
  const children = applyDrifted(observation, result.status, result.notices);
  const notices = [...result.notices, ...children.notices];
  const status = withConditions(observation, result.status, notices, context.now);
  const effects = [...result.effects, ...children.effects];
  const isBusy = notices.length > 0 || status.upgrade !== undefined || status.scaling !== undefined;
  const { pollMs, idlePollMs } = context.settings;
  return {
    status: unlessSame(stored, status, effects.length > 0, context),
    effects,
    events: result.events,
    requeueAt: Math.min(
      result.requeueAt ?? Infinity,
      context.now + (isBusy || status.initialized !== true ? pollMs : idlePollMs),
    ),
  };
}

/** The stored status where nothing changed; else the new one, in the name of this term of the controller. */
function unlessSame(
  stored: OpenBaoClusterStatus,
  status: OpenBaoClusterStatus,
  hasEffects: boolean,
  { leaseTransitions }: DecisionContext,
): OpenBaoClusterStatus {
  if (!hasEffects && sameValue(stored, status)) return stored;
  return { ...status, leaseTransitions };
}
