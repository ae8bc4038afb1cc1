import { documents } from '../../api/documents.ts';
import { isPastWayBack } from '../model/blue-green.ts';
import { blueGreenStage } from './cluster-operation.ts';
import { asksFor, clusterName, storedStatus, type ClusterRequest } from './cluster-request.ts';
import { violation, warning, type Finding, type Policy } from './policy.ts';

/**
 * A rollback can be asked for until Cleanup begins: from then on blue has no votes, and its
 * members and data are going. Where green was upgraded in place, across 2.6, until a green member leads.
 *
 * Guards: OpenBaoCluster UPDATE with a new spec.upgrade.requests.rollback.
 * Allows: the request in every earlier phase; with a warning that it does nothing, where no
 * blue-green upgrade is under way or it is on its way back already.
 * Unknown: a phase that it does not know passes; whoever carries it out decides.
 * Source: specification, page 004 (rollback routes through explicit phases);
 * docs/facts/openbao-operator.md, 1.3 (RollbackRefused).
 */
export const pointOfNoReturn: Policy<ClusterRequest> = {
  id: 'point-of-no-return',
  changes: (request) => asksFor(request, 'rollback'),
  evaluate(request) {
    if (request.operation === 'CREATE' || !asksFor(request, 'rollback')) return [];
    const stage = blueGreenStage(request);
    switch (stage) {
      case 'cleanup':
        return [tooLate(request)];
      case 'idle':
        return [warning(`${path} has no effect: no blue-green upgrade is in progress`)];
      case 'back':
        return [warning(`${path} has no effect: the upgrade is already being rolled back`)];
      case 'late':
        return isPastWayBack(storedStatus(request).blueGreen ?? {}) ? [blueGetsNoVotes(request)] : [];
      case 'early':
      case 'unknown':
        return [];
      default:
        return stage satisfies never;
    }
  },
};

const path = 'spec.upgrade.requests.rollback';

function blueGetsNoVotes(request: ClusterRequest): Finding {
  const {
    blueVersion = 'the older version',
    greenVersion,
    leadsSince,
  } = storedStatus(request).blueGreen ?? {};
  return violation(
    'PointOfNoReturn',
    path,
    `a rollback is no longer possible: a member of ${greenVersion} leads since ${leadsSince}, and members of ${blueVersion} get no votes from it`,
    `let the upgrade finish and remove the request ${path}; ${restoring(request)}`,
  );
}

/** What is left. */
function restoring(request: ClusterRequest): string {
  const { blueVersion = 'the older version' } = storedStatus(request).blueGreen ?? {};
  const [namespace = '', name = ''] = clusterName(request).split('/');
  return `to return to ${blueVersion}, restore a snapshot that it made into an empty cluster: ${documents.emptyCluster} (kubectl get openbaocluster ${name} -n ${namespace} -o jsonpath='{.status.backup.latestSnapshot}' names the newest)`;
}

function tooLate(request: ClusterRequest): Finding {
  const { blueVersion, cleanupStartedAt } = storedStatus(request).blueGreen ?? {};
  return violation(
    'PointOfNoReturn',
    path,
    `a rollback is no longer possible: Cleanup began${cleanupStartedAt ? ` at ${cleanupStartedAt}` : ''}, and the blue pods${blueVersion ? ` (${blueVersion})` : ''} are being removed`,
    `let Cleanup finish and remove the request ${path}; ${restoring(request)}`,
  );
}
