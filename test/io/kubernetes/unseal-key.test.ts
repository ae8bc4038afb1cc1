import { expect } from 'chai';
import { clusterLabel, unsealKeyFinalizer } from '../../../src/api/labels.ts';
import {
  createUnsealKey,
  deleteUnsealKey,
  inspectSealCredentials,
  inspectUnsealKey,
  keepUnsealKey,
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
    expect(await inspectUnsealKey(api, cluster())).to.deep.equal({
      unsealKey: true,
      unsealKeyUID: 's-1',
      unsealKeyUnkept: true,
    });
  });

  it('is absent without its Secret, and malformed when that holds no key under its name', async () => {
    expect(await inspectUnsealKey(api, cluster())).to.deep.equal({ unsealKey: false });
    const malformed = {
      unsealKey: false,
      unsealKeyMalformed: true,
      unsealKeyUID: 's-1',
      unsealKeyUnkept: true,
    };
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

describe('L2, L4: the Secret of the unseal key', () => {
  const data = { key: 'bWluZQ==' };
  const ours = { [clusterLabel]: 'prod', 'app.kubernetes.io/managed-by': 'rollguard' };
  const claimed = { ...ours, 'app.kubernetes.io/instance': 'prod' };
  const secretOf = (metadata: object) => ({
    metadata: { name: 'prod-unseal-key', uid: 's-1', ...metadata },
    immutable: true,
    data,
  });
  const metadataIn = (api: SimulatedApi) => (api.objects.get(path) as any)?.metadata;

  it('is made with a finalizer, and without the label by which Argo CD prunes', async () => {
    const api = new SimulatedApi();
    await createUnsealKey(api, cluster());
    const { finalizers, labels } = metadataIn(api);
    expect(finalizers).to.deep.equal([unsealKeyFinalizer]);
    expect(labels).to.include(ours).and.not.have.property('app.kubernetes.io/instance');
    expect(await inspectUnsealKey(api, cluster())).to.not.have.any.keys('unsealKeyUnkept', 'unsealKeyGoing');
  });

  it('of an earlier Rollguard gets both, and keeps all else', async () => {
    const api = new SimulatedApi();
    api.put(
      path,
      secretOf({ labels: { ...claimed, team: 'a' }, finalizers: ['other'], annotations: { a: 'b' } }),
    );
    expect(await inspectUnsealKey(api, cluster())).to.include({ unsealKeyUnkept: true });
    await keepUnsealKey(api, cluster(), 's-1');
    const { resourceVersion: _, ...metadata } = metadataIn(api);
    expect(metadata).to.deep.equal({
      ...secretOf({}).metadata,
      labels: { ...ours, team: 'a' },
      finalizers: ['other', unsealKeyFinalizer],
      annotations: { a: 'b' },
    });
    expect(api.objects.get(path)?.data).to.deep.equal(data);
    expect(await inspectUnsealKey(api, cluster())).to.deep.equal({ unsealKey: true, unsealKeyUID: 's-1' });
  });

  it('has the label of somebody else left alone', async () => {
    const api = new SimulatedApi();
    const labels = { 'app.kubernetes.io/instance': 'prod', 'app.kubernetes.io/managed-by': 'Helm' };
    api.put(path, secretOf({ labels, finalizers: [unsealKeyFinalizer] }));
    expect(await inspectUnsealKey(api, cluster())).to.deep.equal({ unsealKey: true, unsealKeyUID: 's-1' });
  });

  it('that is going says so, and gets no finalizer, which the API server refuses', async () => {
    const api = new SimulatedApi();
    api.put(path, secretOf({ labels: ours, finalizers: ['other'], deletionTimestamp: 'now' }));
    const going = { unsealKey: true, unsealKeyUID: 's-1', unsealKeyGoing: true };
    expect(await inspectUnsealKey(api, cluster())).to.deep.equal(going);
    await keepUnsealKey(api, cluster(), 's-1');
    expect(metadataIn(api).finalizers).to.deep.equal(['other']);
  });

  it('goes when its deletion was decided, the finalizer first, and never another one of its name', async () => {
    const api = new SimulatedApi();
    const removed: unknown[] = [];
    api.remove = ((at: string, options: unknown) => {
      removed.push([at, options, metadataIn(api)?.finalizers]);
      return Promise.resolve();
    }) as never;
    api.put(path, secretOf({ labels: ours, finalizers: ['other', unsealKeyFinalizer] }));
    await deleteUnsealKey(api, cluster(), 's-1');
    expect(removed).to.deep.equal([[path, { body: { preconditions: { uid: 's-1' } } }, ['other']]]);
    api.put(path, secretOf({ uid: 's-2', finalizers: [unsealKeyFinalizer] }));
    await keepUnsealKey(api, cluster(), 's-1');
    await deleteUnsealKey(api, cluster(), 's-1');
    expect(metadataIn(api)).to.deep.include({ uid: 's-2', finalizers: [unsealKeyFinalizer] });
  });

  it('that somebody else writes meanwhile is written by the next pass', async () => {
    const api = new SimulatedApi();
    api.put(path, secretOf({ labels: claimed }));
    api.before = ({ method }) => {
      if (method === 'PUT') throw refusal(409, 'Conflict');
    };
    await keepUnsealKey(api, cluster(), 's-1');
    expect(metadataIn(api).labels).to.deep.equal(claimed);
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
