import type { AdmissionRequest } from '../../src/api/admission-review.ts';
import { parseOpenBaoCluster, type OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { defined } from '../../src/api/object-fields.ts';
import { changesVersion, type ClusterRequest } from '../../src/core/policies/cluster-request.ts';
import { verbsNeeded } from '../../src/core/policies/cluster-permission-required.ts';
import { needsMaintenance } from '../../src/core/policies/downgrade-blocked.ts';
import { evaluateClusterChange, evaluateClusterDeletion } from '../../src/core/policies/index.ts';
import { allow, permissionsBy } from '../../src/core/policies/policy.ts';
import { known } from '../../src/core/model/known.ts';
import type { Deadline } from '../deadline.ts';
import { isTerminating, required, type RouteContext, type ValidatingRoute } from '../route.ts';

/** OpenBaoCluster CREATE and UPDATE: version, image, acknowledgement, permissions and more; DELETE: its confirmation. */
export const validateOpenBaoClusters: ValidatingRoute = {
  path: '/validate/openbaoclusters',
  kind: 'validating',
  scope: {
    group: 'openbao.org',
    resource: 'openbaoclusters',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  async decide(request, context, deadline) {
    // Before its shape is read: whatever is wrong with it, an object that is going must be able to go.
    if (isTerminating(request.operation === 'DELETE' ? request.oldObject : request.object)) return allow;
    if (request.operation === 'DELETE') {
      return evaluateClusterDeletion({
        oldObject: required('oldObject', request, parseOpenBaoCluster),
        user: request.userInfo,
        trustedControllers: context.trustedControllers,
      });
    }
    const object = required('object', request, parseOpenBaoCluster);
    const oldObject =
      request.operation === 'UPDATE' ? required('oldObject', request, parseOpenBaoCluster) : undefined;
    return evaluateClusterChange(await gather(request, object, oldObject, context, deadline));
  },
};

/** Reads what the rules need for this request, all at once, and nothing else. */
async function gather(
  { operation, name, namespace = '', userInfo }: AdmissionRequest,
  object: OpenBaoCluster,
  oldObject: OpenBaoCluster | undefined,
  { facts }: RouteContext,
  deadline: Deadline,
): Promise<ClusterRequest> {
  const change = {
    operation: operation === 'CREATE' ? operation : 'UPDATE',
    object,
    ...defined({ oldObject }),
  } as const;
  const cluster = { namespace, name: name ?? object.metadata.name ?? '' };
  const readsData = changesVersion(change);
  const needed = verbsNeeded(change);
  const [volumes, pods, answers] = await Promise.all([
    readsData ? facts.volumes(cluster, deadline.signal) : known([]),
    readsData ? facts.pods(cluster, deadline.signal) : known([]),
    Promise.all(needed.map((verb) => facts.holdsVerb(userInfo, verb, cluster, deadline.signal))),
  ]);
  const permissions = permissionsBy((verb) => answers[needed.indexOf(verb)] ?? { kind: 'not-judged' });
  if (needed.includes('maintenance') || !needsMaintenance({ ...change, volumes, pods }))
    return { ...change, volumes, pods, permissions };
  const maintenance = await facts.holdsVerb(userInfo, 'maintenance', cluster, deadline.signal);
  return { ...change, volumes, pods, permissions: { ...permissions, maintenance } };
}
