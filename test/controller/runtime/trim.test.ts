import { expect } from 'chai';
import type { Pod } from '../../../src/api/kubernetes.ts';
import {
  claimAsRead,
  identityOf,
  podAsRead,
  withoutManagedFields,
} from '../../../src/controller/runtime/trim.ts';

const metadata = {
  name: 'prod-0',
  namespace: 'bao',
  uid: 'u-1',
  resourceVersion: '7',
  labels: { 'openbao.org/cluster': 'prod', 'app.kubernetes.io/name': 'openbao' },
  annotations: { 'openbao.org/maintenance': 'true' },
};
const managed = Object.assign({ managedFields: [{ manager: 'kubelet' }] }, metadata);

describe('what the caches keep', () => {
  it('is all of an object but the bookkeeping of its writers', () => {
    const object = { metadata: managed, spec: { replicas: 3 } };
    expect(withoutManagedFields(object)).to.deep.equal({ metadata, spec: { replicas: 3 } });
    const bare = { metadata };
    expect(withoutManagedFields(bare)).to.equal(bare);
  });

  it('is the size that a claim asks for, beside its metadata (L5)', () => {
    const resources = { requests: { storage: '50Gi' } };
    const stored = { metadata: managed, spec: { resources, volumeName: 'v' }, status: { phase: 'Bound' } };
    expect(claimAsRead(stored)).to.deep.equal({ metadata, spec: { resources, volumeName: 'v' } });
    expect(claimAsRead({ metadata: managed })).to.deep.equal({ metadata });
  });

  it('is the identity, the version and the cluster of a child that is read when it changed', () => {
    const { annotations: _, ...kept } = metadata;
    const child = { apiVersion: 'v1', kind: 'Service', metadata: managed };
    expect(identityOf(child)).to.deep.equal({
      metadata: { ...kept, labels: { 'openbao.org/cluster': 'prod' } },
    });
  });

  it('is what is read of a pod: where it runs, what, and how that goes', () => {
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'openbao', ready: true, state: { running: { startedAt: 'then' } } }],
    };
    const kept = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { nodeName: 'node', containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5' }] },
      status,
    };
    const pod = {
      ...kept,
      metadata: managed,
      spec: {
        ...kept.spec,
        volumes: [{ name: 'data' }],
        containers: kept.spec.containers.map((container) => ({ ...container, env: [{ name: 'A' }] })),
      },
      status: { ...status, hostIP: '10.0.0.2' },
    } as Pod;
    expect(podAsRead(pod)).to.deep.equal(kept);
    expect(podAsRead({ metadata })).to.deep.equal({ metadata });
  });
});
