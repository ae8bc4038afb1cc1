import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UserInfo } from '../../../src/api/kubernetes.ts';
import { packageRoot } from '../../../packaging/package-root.ts';

/** An AdmissionReview to be sent. What tests change in it may be wrong on purpose, so its objects are loose. */
export interface Review {
  apiVersion: string;
  kind: string;
  request: ReviewRequest;
}

interface ReviewRequest {
  uid: string;
  operation: string;
  namespace?: string;
  name?: string;
  subResource?: string;
  dryRun?: boolean;
  userInfo: UserInfo;
  object?: LooseObject | null;
  oldObject?: LooseObject | null;
  options?: object | null;
  [field: string]: unknown;
}

export interface LooseObject {
  metadata: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string | null;
    [field: string]: unknown;
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [field: string]: unknown;
}

/** A call that a real Kubernetes 1.36 API server made, with a new uid. */
export function recorded(name: string): Review {
  const text = readFileSync(join(packageRoot, 'test', 'testdata', 'admission', `${name}.json`), 'utf8');
  const review = JSON.parse(text) as Review;
  review.request.uid = randomUUID();
  return review;
}

export interface ClusterChange {
  readonly operation?: 'CREATE' | 'UPDATE';
  readonly spec?: Record<string, unknown>;
  /** As it is stored. Default: version 2.5.5, nothing else. */
  readonly oldSpec?: Record<string, unknown>;
  /** As it is stored, in both objects. */
  readonly status?: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
  readonly oldAnnotations?: Record<string, string>;
  readonly username?: string;
}

/** CREATE or UPDATE (the default) of the OpenBaoCluster prod/bao. */
export function clusterReview(change: ClusterChange): Review {
  const { operation = 'UPDATE', oldSpec = { version: '2.5.5' }, spec = oldSpec, status } = change;
  const cluster = (
    ownSpec: Record<string, unknown>,
    annotations: Record<string, string> | undefined,
  ): LooseObject => ({
    apiVersion: 'openbao.org/v1alpha1',
    kind: 'OpenBaoCluster',
    metadata: { name: 'bao', namespace: 'prod', ...(annotations === undefined ? {} : { annotations }) },
    spec: ownSpec,
    ...(status === undefined ? {} : { status }),
  });
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: { group: 'openbao.org', version: 'v1alpha1', kind: 'OpenBaoCluster' },
      resource: { group: 'openbao.org', version: 'v1alpha1', resource: 'openbaoclusters' },
      name: 'bao',
      namespace: 'prod',
      operation,
      userInfo: { username: change.username ?? 'jane', groups: ['developers', 'system:authenticated'] },
      object: cluster(spec, change.annotations),
      oldObject: operation === 'CREATE' ? null : cluster(oldSpec, change.oldAnnotations),
      dryRun: false,
      options: {
        kind: `${operation === 'CREATE' ? 'Create' : 'Update'}Options`,
        apiVersion: 'meta.k8s.io/v1',
      },
    },
  };
}

export interface ServicesChange {
  readonly operation?: 'CREATE' | 'UPDATE';
  /** As it is stored, in both objects. */
  readonly status?: Record<string, unknown>;
  readonly annotations?: Record<string, string>;
  readonly oldAnnotations?: Record<string, string>;
}

/** CREATE or UPDATE (the default) of the MetadataServices prod/sample1. */
export function servicesReview(change: ServicesChange): Review {
  const { operation = 'UPDATE', status, annotations, oldAnnotations } = change;
  const services = (own: Record<string, string> = {}): LooseObject => ({
    apiVersion: 'e6data.io/v1alpha1',
    kind: 'MetadataServices',
    metadata: { name: 'sample1', namespace: 'prod', annotations: own },
    spec: { storage: { imageTag: '1.1' }, schema: { imageTag: '1.1' } },
    ...(status === undefined ? {} : { status }),
  });
  const { request, ...review } = clusterReview({ operation });
  return {
    ...review,
    request: {
      ...request,
      kind: { group: 'e6data.io', version: 'v1alpha1', kind: 'MetadataServices' },
      resource: { group: 'e6data.io', version: 'v1alpha1', resource: 'metadataservices' },
      name: 'sample1',
      object: services(annotations),
      oldObject: operation === 'CREATE' ? null : services(oldAnnotations),
    },
  };
}

/** CREATE of the pod prod/bao-0 of the OpenBaoCluster bao. */
export function podCreation(metadata: Partial<LooseObject['metadata']> = {}): Review {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      name: 'bao-0',
      namespace: 'prod',
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:statefulset-controller' },
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'bao-0',
          namespace: 'prod',
          labels: { 'openbao.org/cluster': 'bao' },
          ...metadata,
        },
        spec: { containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5' }] },
      },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}
