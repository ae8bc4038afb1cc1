import {
  acknowledgement,
  changesAcknowledgement,
  clusterName,
  storedStatus,
  type ClusterRequest,
} from './cluster-request.ts';
import { acknowledgesCurrent, acknowledgesEarlier, breakGlassActive } from './break-glass.ts';
import { violation, type Policy } from './policy.ts';

/**
 * While break glass is active, an acknowledgement must be the nonce of this incident.
 * The message tells the state and where the nonce is, never a nonce.
 *
 * Guards: OpenBaoCluster UPDATE.
 * Allows: the current nonce, as often as it is sent (admission consumes nothing); no
 * acknowledgement; an old value that is sent again unchanged, as GitOps does, with a warning.
 * Source: specification, pages 000 and 001 ("Always use the current value from status.breakGlass.nonce").
 */
export const staleNonce: Policy<ClusterRequest> = {
  id: 'stale-nonce',
  changes: changesAcknowledgement,
  evaluate(request) {
    if (acknowledgement(request.object) === '' || !breakGlassActive(request) || acknowledgesCurrent(request))
      return [];
    const { reason, enteredAt, nonce } = storedStatus(request).breakGlass ?? {};
    const incident = `break glass is active${reason ? ` (${reason})` : ''}${enteredAt ? ` since ${enteredAt}` : ''}`;
    const given = acknowledgesEarlier(request)
      ? 'spec.breakGlassAck acknowledges an earlier incident'
      : 'spec.breakGlassAck is not the nonce of this incident';
    const [namespace, name] = clusterName(request).split('/');
    return [
      violation(
        'StaleNonce',
        'spec.breakGlassAck',
        nonce
          ? `${incident}, and ${given}`
          : `${incident}, but its status has no nonce yet, so it cannot be acknowledged`,
        `repair the incident as status.breakGlass.steps says, then set spec.breakGlassAck to the nonce that this prints: kubectl get openbaocluster ${name} -n ${namespace} -o jsonpath='{.status.breakGlass.nonce}'`,
      ),
    ];
  },
};
