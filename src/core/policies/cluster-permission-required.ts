import { liveRevisionAnnotation, type Verb } from '../../api/labels.ts';
import { defined } from '../../api/object-fields.ts';
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
import { entrustedDemands, entrustments } from './entrusted.ts';
import { missingVerb } from './missing-verb.ts';
import type { Policy } from './policy.ts';
import { looseningDemands, loosenings, type Demand, type Restricted } from './upgrade-loosening.ts';

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
const changesThatNeedVerbs = (request: Change): readonly Restricted[] => [
  ...asked
    .filter(({ isAsked }) => isAsked(request))
    .map(({ verb, path, what }) => ({ verb, path, ...defined({ what }) })),
  ...loosenings(request),
  ...entrustments(request),
];

/** A change for which a person is asked, beside those of upgrade-loosening.ts and entrusted.ts. */
interface Asked extends Demand {
  readonly what?: string;
  readonly isAsked: (request: Change) => boolean;
}

const asked: readonly Asked[] = [
  {
    verb: 'maintenance',
    path: 'spec.maintenance.enabled',
    when: 'it changes',
    isAsked: changesMaintenance,
  },
  {
    verb: 'acknowledge',
    path: 'spec.breakGlassAck',
    when: 'it is set to anything but the nonce of an earlier incident',
    isAsked: (request) =>
      acknowledgement(request.object) !== '' &&
      changesAcknowledgement(request) &&
      !acknowledgesEarlier(request),
  },
  {
    verb: 'acknowledge',
    path: 'spec.image',
    what: 'changing spec.image during an operation',
    when: 'it changes while votes move, on the way back or in break glass, while paused and at the same version',
    isAsked: movesPinnedImage,
  },
  {
    verb: 'acknowledge',
    path: `metadata.annotations[${liveRevisionAnnotation}]`,
    what: 'naming the live revision',
    when: 'it is set or changed',
    isAsked: namesLiveRevision,
  },
  // A retry only repeats what spec asks for, so it needs none.
  ...(
    [
      { field: 'promote', verb: 'promote' },
      { field: 'rollback', verb: 'rollback' },
      { field: 'cleanup', verb: 'promote' },
    ] as const
  ).map(({ field, verb }) => ({
    verb,
    path: `spec.upgrade.requests.${field}`,
    when: 'it gets a value that was not carried out already',
    isAsked: (request: Change) => asksFor(request, field),
  })),
];

/** All of them, for the documents. */
export const clusterDemands: readonly Demand[] = [
  ...asked.map(({ verb, path, when }) => ({ verb, path, when })),
  ...looseningDemands,
  ...entrustedDemands,
];

/** Taking the name away says nothing: the controller does that itself. */
function namesLiveRevision({ object, oldObject }: Change): boolean {
  const named = object.metadata.annotations?.[liveRevisionAnnotation];
  return named !== undefined && named !== oldObject?.metadata.annotations?.[liveRevisionAnnotation];
}
