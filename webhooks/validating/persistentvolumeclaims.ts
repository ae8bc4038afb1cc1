import { parsePersistentVolumeClaim } from '../../src/api/kubernetes-schemas.ts';
import { defined } from '../../src/api/object-fields.ts';
import { evaluateVolumeChange } from '../../src/core/policies/index.ts';
import { allow } from '../../src/core/policies/policy.ts';
import { changedMarks, clusterOfVolume } from '../../src/core/policies/volume-change.ts';
import { required, type ValidatingRoute } from '../route.ts';

/**
 * PersistentVolumeClaim CREATE and UPDATE: what Rollguard has written on a member's volume. Kubernetes takes metadata
 * also with an update of the status.
 */
export const validateVolumes: ValidatingRoute = {
  path: '/validate/persistentvolumeclaims',
  kind: 'validating',
  scope: {
    group: '',
    resource: 'persistentvolumeclaims',
    subResources: ['', 'status'],
    operations: ['CREATE', 'UPDATE'],
  },
  async decide(request, { facts, trustedControllers }, deadline) {
    const { operation, userInfo } = request;
    const change = {
      object: required('object', request, parsePersistentVolumeClaim),
      ...defined({
        oldObject:
          operation === 'UPDATE' ? required('oldObject', request, parsePersistentVolumeClaim) : undefined,
      }),
    };
    const name = clusterOfVolume(change);
    const isTrusted = trustedControllers.includes(userInfo.username ?? '');
    if (name === undefined || isTrusted || changedMarks(change).length === 0) return allow;
    const cluster = { namespace: request.namespace ?? '', name };
    const permission = await facts.holdsVerb(userInfo, 'maintenance', cluster, deadline.signal);
    return evaluateVolumeChange({ ...change, permission });
  },
};
