import { expect } from 'chai';
import { clusterLabel } from '../../../src/api/labels.ts';
import {
  createUnsealKey,
  inspectSealCredentials,
  inspectUnsealKey,
  sealKeyIdAnnotation,
} from '../../../src/io/kubernetes/unseal-key.ts';
import { refusal, SimulatedApi } from '../../certs/simulated-api.ts';
import { cluster } from '../../support/builders.ts';

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
    expect(await inspectUnsealKey(api, cluster())).to.deep.equal({ unsealKey: true, unsealKeyUID: 's-1' });
  });

  it('is absent without its Secret, and malformed when that holds no key under its name', async () => {
    expect(await inspectUnsealKey(api, cluster())).to.deep.equal({ unsealKey: false });
    const malformed = { unsealKey: false, unsealKeyMalformed: true, unsealKeyUID: 's-1' };
    for (const data of [{ key: '' }, { 'unseal.key': 'bWluZQ==' }, undefined]) {
      api.put(path, { metadata: { name: 'prod-unseal-key', uid: 's-1' }, ...(data && { data }) });
      expect(await inspectUnsealKey(api, cluster())).to.deep.equal(malformed);
    }
  });

  it('is unknown, not absent, when the API server does not say', async () => {
    api.before = () => {
      throw refusal(500, 'InternalError');
    };
    const outcomes = await Promise.allSettled([
      inspectUnsealKey(api, cluster()),
      createUnsealKey(api, cluster()),
    ]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
  });
});

describe('the credentials of a seal', () => {
  const transit = (keys?: string[]) =>
    cluster({
      unseal: {
        type: 'transit',
        credentialsSecretRef: { name: 'keys', ...(keys === undefined ? {} : { keys }) },
      },
    });
  const put = (api: SimulatedApi, data: Readonly<Record<string, string>>) => {
    api.put('/api/v1/namespaces/bao/secrets/keys', { metadata: { name: 'keys' }, data });
  };

  it('are missing with their Secret, or when an entry is not there or empty', async () => {
    const api = new SimulatedApi();
    expect(await inspectSealCredentials(api, transit())).to.deep.equal({ missingSealCredentials: ['token'] });
    put(api, { token: '', other: 'eA==' });
    expect(await inspectSealCredentials(api, transit())).to.deep.equal({ missingSealCredentials: ['token'] });
    put(api, { token: 'eA==' });
    expect(await inspectSealCredentials(api, transit())).to.deep.equal({});
    expect(await inspectSealCredentials(api, transit(['token', 'tls_ca_cert']))).to.deep.equal({
      missingSealCredentials: ['tls_ca_cert'],
    });
  });

  it('are not asked for where none is named, or the key is ours', async () => {
    const api = new SimulatedApi();
    api.before = () => {
      throw refusal(500, 'InternalError');
    };
    expect(await inspectSealCredentials(api, cluster({ unseal: { type: 'awskms' } }))).to.deep.equal({});
    const forStatic = cluster({ unseal: { type: 'static', credentialsSecretRef: { name: 'keys' } } });
    expect(await inspectSealCredentials(api, forStatic)).to.deep.equal({});
    const [outcome] = await Promise.allSettled([inspectSealCredentials(api, transit())]);
    expect(outcome?.status).to.equal('rejected');
  });
});
