import type { ContainerStatus, PersistentVolumeClaim, Pod, UserInfo } from '../../src/api/kubernetes.ts';
import {
  clusterLabel,
  dataVersionAnnotation,
  maintenanceAnnotation,
  revisionLabel,
  runningVersionLabel,
} from '../../src/api/labels.ts';
import type {
  OpenBaoCluster,
  OpenBaoClusterSpec,
  OpenBaoClusterStatus,
} from '../../src/api/openbaocluster.ts';
import { known } from '../../src/core/model/known.ts';
import type { ClusterDeletion } from '../../src/core/policies/cluster-deletion.ts';
import type { ClusterRequest } from '../../src/core/policies/cluster-request.ts';
import type { PodDeletion } from '../../src/core/policies/pod-deletion.ts';
import {
  permissionsBy,
  type Finding,
  type Permissions,
  type Policy,
} from '../../src/core/policies/policy.ts';

/** The cluster `bao/prod`, at version 2.5.5 unless the spec says another. */
export function cluster(
  spec: Partial<OpenBaoClusterSpec> = {},
  status?: OpenBaoClusterStatus,
  metadata: OpenBaoCluster['metadata'] = {},
): OpenBaoCluster {
  return {
    apiVersion: 'openbao.org/v1alpha1',
    kind: 'OpenBaoCluster',
    metadata: { name: 'prod', namespace: 'bao', uid: 'c-1', ...metadata },
    spec: { version: '2.5.5', ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

type Facts = Partial<Pick<ClusterRequest, 'volumes' | 'pods' | 'permissions'>>;

const facts = {
  volumes: known([]),
  pods: known([]),
  permissions: permissionsBy(() => known(true)),
} satisfies Facts;

/** A spec with this strategy, also one that the schema does not know. */
export const strategy = (name: string): Pick<OpenBaoClusterSpec, 'upgrade'> => ({
  upgrade: { strategy: name as 'RollingUpdate' },
});

/** Every verb is held but for those that are given. */
export const holding = (given: Partial<Permissions>): Permissions =>
  permissionsBy((verb) => given[verb] ?? known(true));

/** A CREATE where nothing is there yet and every permission is held. */
export function creation(object: OpenBaoCluster, given: Facts = {}): ClusterRequest {
  return { operation: 'CREATE', object, ...facts, ...given };
}

/** An UPDATE with every permission held; the status stays as it is stored. */
export function update(
  oldObject: OpenBaoCluster,
  spec: Partial<OpenBaoClusterSpec>,
  given: Facts = {},
): ClusterRequest {
  const object = { ...oldObject, spec: { ...oldObject.spec, ...spec } };
  return { operation: 'UPDATE', object, oldObject, ...facts, ...given };
}

interface PodOptions {
  readonly image?: string;
  readonly container?: string;
  readonly status?: Omit<ContainerStatus, 'name'>;
  /** The label `openbao-version`, that OpenBao itself writes. */
  readonly runs?: string;
  readonly revision?: string;
  readonly phase?: string;
  readonly node?: string;
  readonly metadata?: Pod['metadata'];
}

/** What the kubelet says of a container, by one word. */
export const containerStates = {
  waiting: { restartCount: 0, state: {}, lastState: {} },
  running: { restartCount: 0, state: { running: {} }, lastState: {} },
  terminated: { restartCount: 0, state: { terminated: {} }, lastState: {} },
  crashed: { restartCount: 1, state: {}, lastState: { terminated: {} } },
  restarted: { restartCount: 1, state: {}, lastState: {} },
} satisfies Record<string, PodOptions['status']>;

/** The pod `bao/prod-0` of the cluster `bao/prod`, running on node-1. */
export function pod(options: PodOptions = {}): Pod {
  const {
    image,
    container = 'openbao',
    status,
    runs,
    revision,
    phase = 'Running',
    node = 'node-1',
  } = options;
  const { labels, ...metadata } = options.metadata ?? {};
  return {
    metadata: {
      name: 'prod-0',
      namespace: 'bao',
      uid: 'p-1',
      labels: {
        [clusterLabel]: 'prod',
        ...(runs === undefined ? {} : { [runningVersionLabel]: runs }),
        ...(revision === undefined ? {} : { [revisionLabel]: revision }),
        ...labels,
      },
      ...metadata,
    },
    spec: { nodeName: node, containers: [{ name: container, ...(image === undefined ? {} : { image }) }] },
    status: {
      phase,
      ...(status === undefined ? {} : { containerStatuses: [{ name: container, ...status }] }),
    },
  };
}

/** A claim of the cluster `bao/prod` with its volume, stamped with the version that wrote to it. */
export function volume(stamp?: string, name = 'data-prod-0', revision?: string): PersistentVolumeClaim {
  const annotations = stamp === undefined ? {} : { annotations: { [dataVersionAnnotation]: stamp } };
  const labels = { [clusterLabel]: 'prod', ...(revision === undefined ? {} : { [revisionLabel]: revision }) };
  return { metadata: { name, namespace: 'bao', labels, ...annotations }, spec: { volumeName: 'v' } };
}

export const inMaintenance = { annotations: { [maintenanceAnnotation]: 'true' } };

export const alice: UserInfo = { username: 'alice', groups: ['system:authenticated'] };

/** DELETE of a cluster by alice. */
export function clusterDeletion(
  oldObject: OpenBaoCluster,
  given: Partial<ClusterDeletion> = {},
): ClusterDeletion {
  return { oldObject, user: alice, trustedControllers: [], ...given };
}

/** DELETE of a pod by alice, who holds the verb. */
export function deletion(target: Pod, given: Partial<Omit<PodDeletion, 'pod'>> = {}): PodDeletion {
  return {
    pod: target,
    user: alice,
    isForced: false,
    trustedControllers: [],
    permission: known(true),
    ...given,
  };
}

/** The reasons of what a rule finds; `warns` for a warning. */
export function reasonsOf<Request>(policy: Policy<Request>, request: Request): readonly string[] {
  return policy.evaluate(request).map((finding) => (finding.kind === 'violation' ? finding.reason : 'warns'));
}

/** All that a person reads of findings. */
export function textOf(findings: readonly Finding[]): string {
  return findings
    .map((finding) =>
      finding.kind === 'violation' ? `${finding.message}\n${finding.remedy}` : finding.message,
    )
    .join('\n');
}

export const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`;
export const otherSha256 = `sha256:${'fedcba9876543210'.repeat(4)}`;
