import { expect } from 'chai';
import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import type { MetadataServices } from '../../src/api/metadataservices.ts';
import { fieldManager } from '../../src/io/kubernetes/apply.ts';
import { managersOf, observeReleases, type ReleaseCaches } from '../../src/io/release-observer.ts';

const tag = { 'f:spec': { 'f:storage': { 'f:imageTag': {} } } };
const request = { 'f:metadata': { 'f:annotations': { 'f:e6data.io/rollback-to': {} } } };
const wrote = (manager: string, time: string, fieldsV1: object, subresource?: string) => ({
  manager,
  time: `2026-11-21T08:00:${time}Z`,
  fieldsV1,
  ...(subresource === undefined ? {} : { subresource }),
});
const services = (managedFields: readonly object[] = []): MetadataServices =>
  ({
    apiVersion: 'e6data.io/v1alpha1',
    kind: 'MetadataServices',
    metadata: { name: 'sample1', namespace: 'e6', uid: 'u-1', managedFields },
    spec: { storage: { imageTag: '1' }, schema: { imageTag: '1' } },
  }) as MetadataServices;

describe('who last wrote to a MetadataServices', () => {
  it('is the newest writer of what releases are made from, and of the request', () => {
    const managers = managersOf(
      services([
        wrote('argocd-controller', '20', tag),
        wrote('kubectl-edit', '10', tag),
        wrote('kubectl-annotate', '30', request),
      ]),
    );
    expect(managers).to.deep.equal({ tags: 'argocd-controller', rollbackTo: 'kubectl-annotate' });
  });

  it('is never ourselves, nor who wrote the status', () => {
    const managers = managersOf(
      services([
        wrote('kubectl-edit', '10', tag),
        wrote(fieldManager, '20', tag),
        wrote('somebody', '30', { ...tag, ...request }, 'status'),
      ]),
    );
    expect(managers).to.deep.equal({ tags: 'kubectl-edit' });
  });

  it('is nobody who wrote only what makes no release', () => {
    const apart = {
      'f:spec': { 'f:paused': {}, 'f:rollout': { 'f:failFast': {} }, 'f:storage': { 'f:replicas': {} } },
    };
    expect(managersOf(services([wrote('hpa', '10', apart)]))).to.deep.equal({});
  });

  it('is unknown where there are no managed fields, or broken ones', () => {
    expect(managersOf(services())).to.deep.equal({});
    expect(managersOf(services([{ manager: 'x', fieldsV1: 7 }, { manager: 'y' }]))).to.deep.equal({});
  });
});

describe('what is observed of a MetadataServices', () => {
  const child = (kind: string, owner?: string): KubernetesObject => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      name: `${kind}-${owner ?? 'orphan'}`,
      namespace: 'e6',
      ...(owner === undefined ? {} : { ownerReferences: [{ uid: owner, controller: true }] }),
    },
  });
  const caches = (kind: string) => () =>
    [child(kind, 'u-1'), child(kind, 'an earlier one'), child(kind)] as never;
  const observer = {
    caches: {
      deployments: caches('Deployment'),
      services: caches('Service'),
      revisions: caches('ControllerRevision'),
      pods: () => [],
    } satisfies ReleaseCaches,
    imageRepository: 'e6data',
  };

  it('are its own children and orphans, and none of an earlier one of its name', async () => {
    const {
      deployments,
      services: serving,
      revisions,
    } = await observeReleases({ ...observer, drifted: async () => [] }, services());
    expect(deployments.map(({ metadata }) => metadata.name)).to.deep.equal([
      'Deployment-u-1',
      'Deployment-orphan',
    ]);
    expect(serving).to.have.length(2);
    expect(revisions.map(({ snapshot }) => snapshot)).to.deep.equal([undefined, undefined]);
  });

  it('is unknown where the children cannot be compared', async () => {
    const { drifted } = await observeReleases(
      {
        ...observer,
        drifted: async () => {
          throw new Error('the API server is away');
        },
      },
      services(),
    );
    expect(drifted).to.deep.include({ kind: 'unknown' });
  });
});
