import { documents } from '../../api/documents.ts';
import { isPastWayBack } from '../model/blue-green.ts';
import { wantedReplicas } from '../model/selectors.ts';
import { printable } from '../model/printable.ts';
import { requestCommand } from '../model/kubectl.ts';
import { compareVersions, parseVersion } from '../version/version.ts';
import { breakGlassActive } from './break-glass.ts';
import { blueGreenStage, changesReplicas, movesPinnedImage, pinsTarget } from './cluster-operation.ts';
import {
  changesImage,
  changesVersion,
  clusterName,
  storedStatus,
  type ClusterRequest,
} from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * Version, image and replicas stay while votes move between the halves of a blue-green
 * upgrade, on the way back, and while break glass is active: an edit would pull one half
 * away while the other is not whole yet. Going back there is a request of its own.
 *
 * Guards: OpenBaoCluster UPDATE of version, image or replicas.
 * Allows: the edit in an early phase, which aborts or starts anew; another image of the same
 * version while spec.paused is true, for who holds the verb `acknowledge`, and `execute` for another repository
 * (cluster-permission-required asks for them): that repairs a registry that is gone.
 * Unknown: a phase that it does not know refuses.
 * Source: docs/facts/openbao-operator.md, 7.1, 2 and 15; specification, page 000 ("Do not force
 * spec.version back to an older release to escape the incident").
 */
export const operationInProgress: Policy<ClusterRequest> = {
  id: 'operation-in-progress',
  changes: () => true,
  evaluate(request) {
    if (!pinsTarget(request) || movesPinnedImage(request)) return [];
    const [first, ...others] = edits(request);
    if (first === undefined) return [];
    const changes = [first, ...others].map(({ path, from, to }) => `${path} (${from} to ${to})`);
    return [
      violation(
        'OperationInProgress',
        first.path,
        `${changes.join(', ')} cannot change while ${underWay(request)}`,
        [wayOut(request), ...(others.length === 0 && first.path === 'spec.image' ? [moveTheImage] : [])].join(
          '; ',
        ),
      ),
    ];
  },
};

interface Edit {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

function edits(request: ClusterRequest): readonly Edit[] {
  const { object, oldObject } = request;
  if (oldObject === undefined) return [];
  const edit = (path: string, of: (cluster: typeof object) => string): Edit => ({
    path,
    from: of(oldObject),
    to: of(object),
  });
  return [
    ...(changesVersion(request) ? [edit('spec.version', ({ spec }) => printable(spec.version))] : []),
    ...(changesImage(request) ? [edit('spec.image', ({ spec }) => printable(spec.image || 'none'))] : []),
    ...(changesReplicas(request)
      ? [edit('spec.replicas', (cluster) => String(wantedReplicas(cluster)))]
      : []),
  ];
}

function underWay(request: ClusterRequest): string {
  const { blueGreen = {}, breakGlass } = storedStatus(request);
  if (breakGlassActive(request)) {
    const { reason, enteredAt } = breakGlass ?? {};
    return `break glass is active${reason ? ` (${reason})` : ''}${enteredAt ? ` since ${enteredAt}` : ''}`;
  }
  const { phase, blueVersion, greenVersion, crossedAt } = blueGreen;
  const versions = blueVersion && greenVersion ? ` from ${blueVersion} to ${greenVersion}` : '';
  const since = crossedAt ? `; green members were first given votes at ${crossedAt}` : '';
  return `the blue-green upgrade${versions} is in phase ${printable(String(phase))}${since}`;
}

const idleAgain = 'when status.blueGreen.phase is Idle';
const moveTheImage =
  'to use the same version from another registry meanwhile, set spec.paused: true in the same change, which needs the verbs "acknowledge" and "execute"';

function wayOut(request: ClusterRequest): string {
  const [namespace = '', name = ''] = clusterName(request).split('/');
  if (breakGlassActive(request)) {
    return `repair the incident and acknowledge its nonce; apply this again when no operation is in progress (kubectl get openbaocluster ${name} -n ${namespace} -o jsonpath='{.status.breakGlass.steps}' shows how)`;
  }
  const stage = blueGreenStage(request);
  if (stage === 'late' && !isPastWayBack(storedStatus(request).blueGreen ?? {})) {
    const ask = requestCommand('rollback', name, namespace);
    return goesBack(request)
      ? `to return, request a rollback: ${ask} ; then set spec.version back ${idleAgain} again`
      : `apply it again ${idleAgain}; to roll back instead: ${ask}`;
  }
  if (stage === 'back')
    return `the upgrade is being rolled back automatically; apply this again ${idleAgain}`;
  const noWayBack =
    (stage === 'cleanup' || stage === 'late') && goesBack(request)
      ? `; to return to an older version, restore a snapshot that it made into an empty cluster (${documents.emptyCluster})`
      : '';
  return `let the upgrade finish, then apply this again ${idleAgain}${noWayBack}`;
}

/** Whether it asks for no newer version than what ran before the upgrade. */
function goesBack(request: ClusterRequest): boolean {
  const { currentVersion = '', blueGreen } = storedStatus(request);
  const wanted = parseVersion(request.object.spec.version);
  const before = parseVersion(blueGreen?.blueVersion ?? currentVersion);
  return (
    changesVersion(request) &&
    wanted.kind === 'known' &&
    before.kind === 'known' &&
    compareVersions(wanted.value, before.value) <= 0
  );
}
