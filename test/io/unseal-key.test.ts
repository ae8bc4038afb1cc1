import { expect } from 'chai';
import { clusterLabel } from '../../src/api/labels.ts';
import { createUnsealKey, sealKeyIdAnnotation, unsealKeyUID } from '../../src/io/unseal-key.ts';
import { refusal, SimulatedApi } from '../certs/simulated-api.ts';
import { cluster } from '../support/builders.ts';

const path = '/api/v1/namespaces/bao/secrets/prod-unseal-key';

describe('the unseal key', () => {
  let api: SimulatedApi;
  beforeEach(() => {
    api = new SimulatedApi();
  });

  it('is made of 32 random bytes, immutable, labelled, without an owner', async () => {
    await createUnsealKey(api, cluster());
    const secret = structuredClone(api.objects.get(path)) as any;
    expect(Buffer.from(secret.data.key, 'base64').toString()).to.match(/^[0-9a-f]{64}$/);
    expect(secret.immutable).to.equal(true);
    expect(secret.metadata.labels[clusterLabel]).to.equal('prod');
    expect(secret.metadata.annotations[sealKeyIdAnnotation]).to.equal('rollguard-1');
    expect(secret.metadata).not.to.have.property('ownerReferences');

    const other = new SimulatedApi();
    await createUnsealKey(other, cluster());
    expect(other.objects.get(path)?.data).not.to.deep.equal(secret.data);
  });

  it('stays as it is when it is there, whatever it is', async () => {
    api.put(path, { metadata: { name: 'prod-unseal-key', uid: 's-1' }, data: { key: 'bWluZQ==' } });
    const before = structuredClone(api.objects.get(path));
    await createUnsealKey(api, cluster());
    expect(api.objects.get(path)).to.deep.equal(before);
    expect(await unsealKeyUID(api, cluster())).to.equal('s-1');
  });

  it('is not there when its Secret is empty', async () => {
    expect(await unsealKeyUID(api, cluster())).to.equal(undefined);
    api.put(path, { metadata: { name: 'prod-unseal-key', uid: 's-1' }, data: { key: '' } });
    expect(await unsealKeyUID(api, cluster())).to.equal(undefined);
    api.put(path, { metadata: { name: 'prod-unseal-key', uid: 's-1' } });
    expect(await unsealKeyUID(api, cluster())).to.equal(undefined);
  });

  it('is unknown, not absent, when the API server does not say', async () => {
    api.before = () => {
      throw refusal(500, 'InternalError');
    };
    const outcomes = await Promise.allSettled([
      unsealKeyUID(api, cluster()),
      createUnsealKey(api, cluster()),
    ]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
  });
});
