import { printable } from '../model/printable.ts';
import { breakGlassActive } from './break-glass.ts';
import { changesReplicas, operationUnderWay, pendingTarget } from './cluster-operation.ts';
import {
  changesImage,
  changesStrategy,
  changesVersion,
  upgradeStrategy,
  type ClusterRequest,
} from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * The strategy changes by itself and at rest: so it is always clear which of the two carries
 * out a change, and no upgrade finds itself half under the one and half under the other.
 *
 * Guards: OpenBaoCluster UPDATE of spec.upgrade.strategy.
 * Allows: a CREATE; the default written down or left out; a cluster whose version or image nobody knows yet.
 * Source: docs/facts/openbao-operator.md, 5.3 (#548, #552, #556); docs/design.md, "What the gate refuses".
 */
export const strategyChangeBlocked: Policy<ClusterRequest> = {
  id: 'strategy-change-blocked',
  changes: changesStrategy,
  evaluate(request) {
    if (request.oldObject === undefined || !changesStrategy(request)) return [];
    const from = printable(upgradeStrategy(request.oldObject));
    const change = `${path} (${from} to ${printable(upgradeStrategy(request.object))}) cannot change`;
    const others = [
      ...(changesVersion(request) ? ['spec.version'] : []),
      ...(changesImage(request) ? ['spec.image'] : []),
      ...(changesReplicas(request) ? ['spec.replicas'] : []),
    ];
    const busy = whyNotIdle(request);
    return [
      ...(others.length === 0
        ? []
        : [
            violation(
              'StrategyChangeBlocked',
              path,
              `${change} together with ${others.join(', ')}`,
              `apply ${path} alone first, then ${others.join(', ')}`,
            ),
          ]),
      ...(busy === undefined
        ? []
        : [violation('StrategyChangeBlocked', path, `${change} while ${busy.what}`, busy.remedy)]),
    ];
  },
};

const path = 'spec.upgrade.strategy';

/** Undefined where nothing is under way, nothing waits, and no incident is open. */
function whyNotIdle(request: ClusterRequest): { readonly what: string; readonly remedy: string } | undefined {
  const operation = operationUnderWay(request);
  if (operation !== undefined) {
    const remedy = breakGlassActive(request)
      ? 'repair the incident and acknowledge its nonce; apply this when it is over'
      : 'apply it again when the operation has ended';
    return { what: operation, remedy };
  }
  const pending = pendingTarget(request);
  if (pending === undefined) return undefined;
  const [wanted, running] = [pending.wanted, pending.running].map(printable);
  return {
    what: `${wanted} is requested and ${running} is running`,
    remedy: `set ${pending.field} to ${running} first, or wait until the upgrade has ended`,
  };
}
