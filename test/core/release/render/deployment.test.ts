import { expect } from 'chai';
import type { MetadataServices, MetadataServicesSpec } from '../../../../src/api/metadataservices.ts';
import { existingDeployment, newDeployment } from '../../../../src/core/release/render/deployment.ts';

type Resources = MetadataServicesSpec['storage']['resources'];

function made(resources?: Resources) {
  const service = { imageTag: '1.0', ...(resources === undefined ? {} : { resources }) };
  const resource: MetadataServices = {
    apiVersion: 'e6data.io/v1alpha1',
    kind: 'MetadataServices',
    metadata: { name: 'sample1', namespace: 'e6', uid: 'm-1' },
    spec: { storage: service, schema: service },
  };
  const release = {
    version: 'v20260101-000000-abc',
    strategy: 'blue',
    snapshot: { inputs: resource.spec, images: { storage: 'storage:1.0', schema: 'schema:1.0' } },
  } as const;
  return {
    deployments: (['storage', 'schema'] as const).map(
      (component) => newDeployment(resource, release, component, []) as any,
    ),
    later: existingDeployment(resource, release, 'storage') as any,
  };
}

describe('a Deployment of a release', () => {
  const resourcesOf = (given?: Resources) =>
    made(given).deployments.map(({ spec }) => spec.template.spec.containers[0].resources);

  it('requests CPU and memory, so that its pods are not the first to be evicted', () => {
    for (const resources of resourcesOf()) {
      expect(resources).to.deep.equal({ requests: { cpu: '100m', memory: '256Mi' } });
    }
  });

  it('requests what spec says, and limits memory to it', () => {
    for (const resources of resourcesOf({ memory: '1024Mi' })) {
      expect(resources).to.deep.equal({
        requests: { cpu: '100m', memory: '1Gi' },
        limits: { memory: '1Gi' },
      });
    }
    for (const resources of resourcesOf({ cpu: '2' })) {
      expect(resources).to.deep.equal({ requests: { cpu: '2', memory: '256Mi' } });
    }
  });

  it('is not given another default once it is there: that would restart its pods', () => {
    expect(made().later.spec ?? {}).not.to.have.property('template');
  });
});
