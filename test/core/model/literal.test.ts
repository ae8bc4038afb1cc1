import { expect } from 'chai';
import { newDeployment } from '../../../src/core/release/render/deployment.ts';
import type { MetadataServices } from '../../../src/api/metadataservices.ts';
import { executorJob } from '../../../src/core/jobs/executor-job.ts';
import { literal } from '../../../src/core/model/literal.ts';
import { context, settledCluster } from '../../support/observation.ts';

/** As kubernetes' third_party/forked/golang/expansion does it. */
const expanded = (text: string, variables: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole, name?: string) =>
    whole === '$$' ? '$' : (variables[name ?? ''] ?? whole),
  );

describe('a text of a spec in a container', () => {
  const secret = { AWS_SECRET_ACCESS_KEY: 'secret', A: 'x' };

  it('reaches it as it is, whatever the kubelet would replace, and is unchanged where that is nothing (P2)', () => {
    for (const text of ['', '$', 'a$', '$A', 'a$b', '$)', '(a)', 'plain'])
      expect(literal(text)).to.equal(text);
    const replaced = [
      '$$',
      '$(A)',
      '$$(A)',
      '$$$(A)',
      '$(',
      '$(A)$',
      'a$b$(AWS_SECRET_ACCESS_KEY)c',
      '$($(A))',
    ];
    for (const text of [...replaced, '$A', 'a$']) expect(expanded(literal(text), secret)).to.equal(text);
  });

  it('is no reference to a credential of the store: bucket, prefix, endpoint, region (P2)', () => {
    const reference = '$(AWS_SECRET_ACCESS_KEY)';
    const target = {
      provider: 's3',
      bucket: reference,
      endpoint: `https://${reference}`,
      region: reference,
      pathPrefix: reference,
      credentialsSecretRef: { name: 'store' },
    } as const;
    const step = { action: 'snapshot', operationId: 'op00000001' } as const;
    const job = executorJob(settledCluster({ backup: { target } }), step, context().settings) as any;
    const [{ args }] = job.spec.template.spec.containers as [{ args: readonly string[] }];
    const seen = args.map((arg) => expanded(arg, secret));
    expect(seen).to.include(`--target=${JSON.stringify(target)}`);
    expect(seen.join(' ')).to.not.contain('secret"').and.not.contain('/secret/');
  });

  it('is the same in the environment of a service as in its file (P2)', () => {
    const service = { imageTag: '1.0' };
    const config = { URL: 'jdbc://$(DATABASE_PASSWORD)@db', PLAIN: 'a$b' };
    const resource: MetadataServices = {
      apiVersion: 'e6data.io/v1alpha1',
      kind: 'MetadataServices',
      metadata: { name: 'sample1', namespace: 'e6', uid: 'm-1' },
      spec: { storage: service, schema: service, config },
    };
    const release = {
      version: 'v20260101-000000-abc',
      strategy: 'blue',
      snapshot: { inputs: resource.spec, images: { storage: 'storage:1.0', schema: 'schema:1.0' } },
    } as const;
    const deployments = (['storage', 'schema'] as const).map((component) =>
      newDeployment(resource, release, component, []),
    );
    for (const deployment of deployments as any[]) {
      expect(deployment.spec.template.spec.containers[0].env).to.deep.equal([
        { name: 'PLAIN', value: 'a$b' },
        { name: 'URL', value: 'jdbc://$$(DATABASE_PASSWORD)@db' },
      ]);
    }
  });
});
