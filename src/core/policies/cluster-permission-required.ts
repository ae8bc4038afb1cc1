import { liveRevisionAnnotation, type Verb } from '../../api/labels.ts';
import {
  acknowledgement,
  asksFor,
  changesAcknowledgement,
  changesMaintenance,
  clusterName,
  type ClusterRequest,
} from './cluster-request.ts';
import { acknowledgesEarlier } from './break-glass.ts';
import { movesPinnedImage } from './cluster-operation.ts';
import { entrustments } from './entrusted.ts';
import { missingVerb } from './missing-verb.ts';
import type { Policy } from './policy.ts';
import { loosenings, type Restricted } from './upgrade-loosening.ts';

/**
 * Maintenance, the acknowledgement of an incident, and letting a blue-green upgrade go on
 * (`promote`, also for `requests.cleanup`) or back (`rollback`) are for those who hold the
 * custom verb on this cluster; so is moving a pinned image and naming the live revision (`acknowledge`), what loosens
 * an upgrade under way, by the verb of the request that it takes the place of, and naming what is entrusted with secrets
 * (`execute`).
 *
 * Guards: OpenBaoCluster UPDATE where the value changes, CREATE where it is not the default.
 * Allows: everything else; clearing an acknowledgement or a request, or putting an old one
 * back, which acknowledges and asks for nothing (GitOps must be able to).
 * Unknown: a permission that could not be checked is not given.
 * Source: docs/design.md, "Verbs"; docs/facts/openbao-operator.md, section 4 (#347).
 */
export const clusterPermissionRequired: Policy<ClusterRequest> = {
  id: 'cluster-permission-required',
  changes: () => true,
  evaluate: (request) =>
    changesThatNeedVerbs(request).flatMap(({ verb, path, what }) =>
      missingVerb(verb, request.permissions[verb], clusterName(request), path, what),
    ),
};

type Change = Pick<ClusterRequest, 'object' | 'oldObject' | 'operation'>;

/** The verbs that this request needs: the only ones that have to be asked for. */
export function verbsNeeded(request: Change): readonly Verb[] {
  return [...new Set(changesThatNeedVerbs(request).map(({ verb }) => verb))];
}

/** What the request changes that not everybody may. */
function changesThatNeedVerbs(request: Change): readonly Restricted[] {
  const acknowledges = acknowledgement(request.object) !== '' && changesAcknowledgement(request);
  return [
    ...(changesMaintenance(request)
      ? [{ verb: 'maintenance', path: 'spec.maintenance.enabled' } as const]
      : []),
    ...(acknowledges && !acknowledgesEarlier(request)
      ? [{ verb: 'acknowledge', path: 'spec.breakGlassAck' } as const]
      : []),
    ...(movesPinnedImage(request)
      ? [
          {
            verb: 'acknowledge',
            path: 'spec.image',
            what: 'changing spec.image during an operation',
          } as const,
        ]
      : []),
    ...(namesLiveRevision(request)
      ? [
          {
            verb: 'acknowledge',
            path: `metadata.annotations[${liveRevisionAnnotation}]`,
            what: 'naming the live revision',
          } as const,
        ]
      : []),
    ...requestVerbs
      .filter(({ field }) => asksFor(request, field))
      .map(({ field, verb }) => ({ verb, path: `spec.upgrade.requests.${field}` })),
    ...loosenings(request),
    ...entrustments(request),
  ];
}

/** Taking the name away says nothing: the controller does that itself. */
function namesLiveRevision({ object, oldObject }: Change): boolean {
  const named = object.metadata.annotations?.[liveRevisionAnnotation];
  return named !== undefined && named !== oldObject?.metadata.annotations?.[liveRevisionAnnotation];
}

/** A retry only repeats what spec asks for, so it needs none. */
const requestVerbs = [
  { field: 'promote', verb: 'promote' },
  { field: 'rollback', verb: 'rollback' },
  { field: 'cleanup', verb: 'promote' },
] as const;
