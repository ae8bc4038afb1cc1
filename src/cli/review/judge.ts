import jsonpatch, { type Operation as PatchOperation } from 'fast-json-patch';
import type { Pod, UserInfo } from '../../api/kubernetes.ts';
import { requestedByAnnotation, type GuardedResource, type Verb } from '../../api/labels.ts';
import type { MetadataServices } from '../../api/metadataservices.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { known } from '../../core/model/known.ts';
import { maintenanceAnnotated } from '../../core/mutations/maintenance-annotation.ts';
import { requestedBy, rollbackRequestedBy } from '../../core/mutations/requested-by.ts';
import { verbsNeeded } from '../../core/policies/cluster-permission-required.ts';
import { changesVersion } from '../../core/policies/cluster-request.ts';
import {
  decideCluster,
  decideClusterDeletion,
  decidePodDeletion,
  decideReleaseRequest,
} from '../../core/policies/index.ts';
import { clusterOf, isGuarded } from '../../core/policies/pod-deletion.ts';
import {
  allow,
  permissionsBy,
  warnOnly,
  type Decision,
  type Permission,
} from '../../core/policies/policy.ts';
import { asksForRollback } from '../../core/policies/release-request.ts';
import type { ClusterKey, Inventory } from './inventory.ts';
import type { Subject } from './subject.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** Who sends the requests, and what the gate would be told about it. */
export interface Caller {
  /** Without a username nobody is named: verbs are not judged. */
  readonly user: UserInfo;
  /** The verbs that the user holds, on every object. */
  readonly verbs: readonly Verb[];
  readonly trustedControllers: readonly string[];
  readonly enforce: 'deny' | 'warn';
}

/** What the gate would answer. */
export interface Verdict {
  readonly decision: Decision;
  /** What the mutating webhook would add. */
  readonly patch: readonly PatchOperation[];
  /** The object with the patch. */
  readonly after: Subject;
  /** Whether there are rules for such a request. */
  readonly judged: boolean;
  /** The cluster whose volumes and pods were looked for, where they were. */
  readonly readsDataOf?: ClusterKey;
  /** The verbs that the request needs, on that object. */
  readonly needs?: {
    readonly verbs: readonly Verb[];
    readonly resource: GuardedResource;
    readonly object: ClusterKey;
  };
}

/** A member of this group may do everything, and no review of access can say otherwise. */
const allPowerfulGroup = 'system:masters';

/**
 * What the live gate would answer to one request, with the inventory for its facts: first
 * what its mutating webhook does, then its rules (webhooks/mutating, webhooks/validating).
 *
 * @param subject as requested; of a DELETE, as stored
 * @param stored as stored; absent on CREATE
 */
export function judge(
  operation: Operation,
  subject: Subject,
  stored: Subject | undefined,
  inventory: Inventory,
  caller: Caller,
): Verdict {
  const notJudged: Verdict = { decision: allow, patch: [], after: subject, judged: false };
  switch (subject.type) {
    case 'cluster':
      if (operation === 'DELETE') return deleteCluster(subject.object, inventory, caller);
      return judgeCluster(
        operation,
        subject.object,
        stored?.type === 'cluster' ? stored.object : undefined,
        inventory,
        caller,
      );
    case 'services':
      if (operation === 'DELETE') return notJudged;
      return judgeServices(
        operation,
        subject.object,
        stored?.type === 'services' ? stored.object : undefined,
        inventory,
        caller,
      );
    case 'pod':
      if (operation === 'CREATE') return createPod(subject.object, inventory);
      return operation === 'DELETE' ? deletePod(subject.object, inventory, caller) : notJudged;
    case 'volume':
    case 'other':
      return notJudged;
    default:
      return subject satisfies never;
  }
}

function judgeCluster(
  operation: 'CREATE' | 'UPDATE',
  before: OpenBaoCluster,
  oldObject: OpenBaoCluster | undefined,
  inventory: Inventory,
  caller: Caller,
): Verdict {
  const object = withRequester(requestedBy, before, oldObject, caller.user);
  const cluster = clusterKey(object, object.metadata.name ?? '');
  const change = { operation, object, ...(oldObject === undefined ? {} : { oldObject }) };
  const readsData = changesVersion(change);
  const decision = decideCluster({
    ...change,
    volumes: known(readsData ? inventory.volumes(cluster) : []),
    pods: known(readsData ? inventory.pods(cluster) : []),
    permissions: permissionsBy((verb) => permission(verb, caller)),
  });
  return {
    decision: enforced(decision, cluster.namespace, inventory, caller),
    patch: patchOf(before, object),
    after: { type: 'cluster', object },
    judged: true,
    ...(readsData ? { readsDataOf: cluster } : {}),
    needs: { verbs: verbsNeeded(change), resource: 'openbaoclusters', object: cluster },
  };
}

function judgeServices(
  operation: 'CREATE' | 'UPDATE',
  before: MetadataServices,
  oldObject: MetadataServices | undefined,
  inventory: Inventory,
  caller: Caller,
): Verdict {
  const object = withRequester(rollbackRequestedBy, before, oldObject, caller.user);
  const key = clusterKey(object, object.metadata.name ?? '');
  const change = { operation, object, ...(oldObject === undefined ? {} : { oldObject }) };
  const decision = decideReleaseRequest({ ...change, permission: permission('rollback', caller) });
  return {
    decision: enforced(decision, key.namespace, inventory, caller),
    patch: patchOf(before, object),
    after: { type: 'services', object },
    judged: true,
    needs: { verbs: asksForRollback(change) ? ['rollback'] : [], resource: 'metadataservices', object: key },
  };
}

function deleteCluster(oldObject: OpenBaoCluster, inventory: Inventory, caller: Caller): Verdict {
  const { user, trustedControllers } = caller;
  const decision = decideClusterDeletion({ oldObject, user, trustedControllers });
  const { namespace } = clusterKey(oldObject, oldObject.metadata.name ?? '');
  return {
    decision: enforced(decision, namespace, inventory, caller),
    patch: [],
    after: { type: 'cluster', object: oldObject },
    judged: true,
  };
}

/** Without `--as` nobody knows yet whose name will be written there, so none is. */
function withRequester<T extends OpenBaoCluster | MetadataServices>(
  sign: (object: T, oldObject: T | undefined, username: string) => T,
  object: T,
  oldObject: T | undefined,
  { username }: UserInfo,
): T {
  if (username !== undefined) return sign(object, oldObject, username);
  const nobody = '';
  const written = sign(object, oldObject, nobody);
  return written.metadata.annotations?.[requestedByAnnotation] === nobody ? object : written;
}

function createPod(pod: Pod, inventory: Inventory): Verdict {
  const name = clusterOf(pod);
  const inMaintenance = name !== undefined && inventory.inMaintenance(clusterKey(pod, name));
  const after = maintenanceAnnotated(pod, inMaintenance);
  return {
    decision: allow,
    patch: patchOf(pod, after),
    after: { type: 'pod', object: after },
    judged: true,
  };
}

function deletePod(pod: Pod, inventory: Inventory, caller: Caller): Verdict {
  const { user, trustedControllers } = caller;
  const verdict: Verdict = { decision: allow, patch: [], after: { type: 'pod', object: pod }, judged: true };
  const name = clusterOf(pod);
  if (name === undefined || !isGuarded({ pod, user, trustedControllers })) return verdict;
  const cluster = clusterKey(pod, name);
  const decision = decidePodDeletion({
    pod,
    user,
    trustedControllers,
    permission: permission('maintenance', caller),
  });
  return {
    ...verdict,
    decision: enforced(decision, cluster.namespace, inventory, caller),
    needs: { verbs: ['maintenance'], resource: 'openbaoclusters', object: cluster },
  };
}

function permission(verb: Verb, { user, verbs: held }: Caller): Permission {
  if (user.username === undefined) return { kind: 'not-judged' };
  return known(held.includes(verb) || (user.groups ?? []).includes(allPowerfulGroup));
}

/** As webhooks/enforcement.ts. */
function enforced(
  decision: Decision,
  namespace: string,
  inventory: Inventory,
  { enforce }: Caller,
): Decision {
  if (decision.allowed) return decision;
  return enforce === 'warn' || inventory.warnsOnly(namespace) ? warnOnly(decision) : decision;
}

const clusterKey = ({ metadata }: Pod | OpenBaoCluster | MetadataServices, name: string): ClusterKey => ({
  namespace: metadata.namespace ?? '',
  name,
});

const patchOf = (before: object, after: object): readonly PatchOperation[] =>
  before === after ? [] : jsonpatch.compare(before, after);
