import { acknowledgement, changesAcknowledgement, type ClusterRequest } from './cluster-request.ts';
import { acknowledgesEarlier, breakGlassActive } from './break-glass.ts';
import { violation, warning, type Policy } from './policy.ts';

/**
 * Without an active incident there is nothing to acknowledge.
 *
 * Guards: OpenBaoCluster CREATE, UPDATE.
 * Allows: clearing the field; the nonce of an earlier incident, because Git may lag, with
 * a warning; any value on CREATE, with a warning, because Git may hold the last one.
 * Source: specification, page 001 ("Automation stays paused until spec.breakGlassAck matches the current nonce").
 */
export const noActiveBreakGlass: Policy<ClusterRequest> = {
  id: 'no-active-break-glass',
  changes: changesAcknowledgement,
  evaluate(request) {
    if (acknowledgement(request.object) === '' || breakGlassActive(request)) return [];
    if (!changesAcknowledgement(request)) return [];
    if (request.operation === 'CREATE') {
      return [warning('spec.breakGlassAck has no effect: a new cluster has no incident')];
    }
    if (acknowledgesEarlier(request)) {
      return [warning('spec.breakGlassAck has no effect: it belongs to an incident that is over')];
    }
    return [
      violation(
        'NoActiveBreakGlass',
        'spec.breakGlassAck',
        'spec.breakGlassAck is set to a new value, but break glass is not active and the status has no such incident',
        'leave spec.breakGlassAck as it was; if you meant another cluster, check the name and the namespace',
      ),
    ];
  },
};
