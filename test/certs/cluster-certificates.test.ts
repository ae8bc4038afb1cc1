import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { clusterCertificates } from '../../certs/cluster-certificates.ts';
import { readBundle } from '../../certs/material.ts';
import type { OpenBaoClusterSpec } from '../../src/api/openbaocluster.ts';
import { cluster } from '../support/builders.ts';
import { dayMs, hourMs, start } from './authorities.ts';
import { refusal, SimulatedApi } from './simulated-api.ts';

const secrets = '/api/v1/namespaces/bao/secrets';
const caPath = `${secrets}/prod-tls-ca`;
const serverPath = `${secrets}/prod-tls-server`;

describe('the certificates of a cluster', () => {
  let api: SimulatedApi;
  let now: number;
  const certificates = () => clusterCertificates(api, () => now);
  const of = (tls: OpenBaoClusterSpec['tls'] = {}) => cluster({ tls });

  beforeEach(() => {
    [api, now] = [new SimulatedApi(), start];
  });

  const field = (path: string, key: string) =>
    Buffer.from(api.objects.get(path)?.data?.[key] ?? '', 'base64').toString();
  const leaf = () => new X509Certificate(field(serverPath, 'tls.crt'));
  const authorities = () => readBundle(field(caPath, 'ca.crt')) ?? [];
  const verifies = () => authorities().some((ca) => leaf().verify(ca.publicKey));
  const writes = () => api.calls.filter((call) => !call.startsWith('GET'));

  it('are absent, then issued, then valid', async () => {
    expect(await certificates().inspect(of())).to.equal('absent');
    await certificates().issue(of());
    expect(await certificates().inspect(of())).to.equal('valid');
    expect(verifies()).to.equal(true);
    expect(writes()).to.deep.equal([`POST ${secrets}`, `POST ${secrets}`]);
    await certificates().issue(of());
    expect(writes()).to.have.length(2);
  });

  it('carry the name of every pod, of those to come too, of the Services, and what the user adds', async () => {
    const withMore = of({ extraSANs: ['bao.example.org', '192.0.2.7'] });
    await certificates().issue(withMore);
    for (const host of [
      'prod-0.prod.bao.svc',
      'prod-41.prod.bao.svc.cluster.local',
      'prod.bao.svc',
      'prod-public.bao.svc',
      'prod-active.bao.svc.cluster.local',
      'localhost',
      'bao.example.org',
    ])
      expect(leaf().checkHost(host, { subject: 'never' }), host).not.to.equal(undefined);
    for (const ip of ['127.0.0.1', '::1', '192.0.2.7']) expect(leaf().checkIP(ip), ip).to.equal(ip);
    expect(leaf().checkHost('prod-0.other.bao.svc', { subject: 'never' })).to.equal(undefined);
    expect(await certificates().inspect(withMore)).to.equal('valid');
    expect(await certificates().inspect(of({ extraSANs: ['another.example.org'] }))).to.equal('due');
  });

  it('go with the cluster, and stand in two Secrets, so that no pod sees the key of the CA', async () => {
    await certificates().issue(of());
    expect(Object.keys(api.objects.get(caPath)?.data ?? {})).to.have.members(['ca.crt', 'ca.key']);
    expect(Object.keys(api.objects.get(serverPath)?.data ?? {})).to.have.members(['tls.crt', 'tls.key']);
    for (const path of [caPath, serverPath]) {
      const { metadata } = api.objects.get(path) as unknown as { metadata: { ownerReferences: object[] } };
      expect(metadata.ownerReferences[0], path).to.include({ uid: 'c-1', controller: true });
    }
  });

  it('are due rotationPeriod before their end, 30 days when it is left out', async () => {
    await certificates().issue(of());
    const end = leaf().validToDate.getTime();
    now = end - 30 * dayMs - hourMs;
    expect(await certificates().inspect(of())).to.equal('valid');
    expect(await certificates().inspect(of({ rotationPeriod: '800h' }))).to.equal('due');
    now = end - 30 * dayMs + hourMs;
    expect(await certificates().inspect(of())).to.equal('due');
    expect(await certificates().inspect(of({ rotationPeriod: '240h' }))).to.equal('valid');
    const before = field(caPath, 'ca.crt');
    await certificates().issue(of());
    expect(await certificates().inspect(of())).to.equal('valid');
    expect(field(caPath, 'ca.crt')).to.equal(before);
    expect(leaf().validToDate.getTime()).to.be.above(end);
  });

  for (const rotationPeriod of ['1s', '9600h', '1000000h', 'soon'])
    it(`are not issued again and again with a rotationPeriod of ${rotationPeriod}`, async () => {
      await certificates().issue(of({ rotationPeriod }));
      for (const hours of [0, 1, 24]) {
        now = start + hours * hourMs;
        expect(await certificates().inspect(of({ rotationPeriod })), `${hours} h`).to.equal('valid');
      }
    });

  it('are not issued again and again for a name that none can carry', async () => {
    const odd = of({
      extraSANs: ['a b', 'a..b', '', '-', 'ä.example', 'fe80::1%eth0', '*.*.a', 'A.example', '*.b'],
    });
    await certificates().issue(odd);
    expect(await certificates().inspect(odd)).to.equal('valid');
  });

  it('move to a new CA so that whoever trusts the bundle of the look before can verify them', async function () {
    await certificates().issue(of());
    let bundleBefore = authorities();
    const sizes = new Set<number>();
    for (now = start; now < start + 450 * dayMs; now += dayMs) {
      if ((await certificates().inspect(of())) !== 'valid') await certificates().issue(of());
      expect(verifies()).to.equal(true);
      expect(bundleBefore.some((ca) => leaf().verify(ca.publicKey))).to.equal(true);
      expect(leaf().validToDate.getTime()).to.be.above(now);
      bundleBefore = authorities();
      sizes.add(bundleBefore.length);
    }
    expect([...sizes]).to.have.members([1, 2]);
    expect(authorities()[0]?.validFromDate.getTime()).to.be.above(start + 200 * dayMs);
  });

  it('are finished by the next call when the first was cut off between the two Secrets', async () => {
    api.before = ({ method }) => {
      if (method === 'POST' && api.objects.has(caPath)) throw refusal(500, 'InternalError');
    };
    await certificates()
      .issue(of())
      .catch(() => {});
    api.before = () => {};
    expect(api.objects.has(serverPath)).to.equal(false);
    expect(await certificates().inspect(of())).to.equal('absent');
    const ca = field(caPath, 'ca.crt');
    await certificates().issue(of());
    expect(field(caPath, 'ca.crt')).to.equal(ca);
    expect(await certificates().inspect(of())).to.equal('valid');
    expect(verifies()).to.equal(true);
  });

  it('are not overwritten when somebody else was faster', async () => {
    await certificates().issue(of());
    now = leaf().validToDate.getTime() - dayMs;
    api.before = ({ method }) => {
      if (method !== 'PUT') return;
      const { data } = api.objects.get(serverPath) ?? {};
      api.put(serverPath, { metadata: { name: 'prod-tls-server' }, data });
    };
    const outcome = await certificates()
      .issue(of())
      .then(String, (error: unknown) => (error as { status: number }).status);
    expect(outcome).to.equal(409);
  });

  describe('of somebody else', () => {
    const external = of({ mode: 'External' });

    it('are read and never written', async () => {
      expect(await certificates().inspect(external)).to.equal('absent');
      await certificates().issue(external);
      expect(writes()).to.deep.equal([]);
      await certificates().issue(of());
      const written = writes().length;
      now = leaf().validToDate.getTime() - hourMs;
      expect(await certificates().inspect(external)).to.equal('valid');
      await certificates().issue(external);
      expect(writes()).to.have.length(written);
    });

    it('are taken over in steps when the cluster is to manage them itself', async () => {
      await certificates().issue(of());
      const { 'ca.key': _, ...data } = api.objects.get(caPath)?.data ?? {};
      api.put(caPath, { metadata: { name: 'prod-tls-ca' }, data });
      const served = field(serverPath, 'tls.crt');
      expect(await certificates().inspect(of())).to.equal('due');
      await certificates().issue(of());
      expect(authorities()).to.have.length(2);
      expect(field(serverPath, 'tls.crt')).to.equal(served);
      // Not before everybody has had an hour to read the new CA.
      now += hourMs / 2;
      await certificates().issue(of());
      expect(field(serverPath, 'tls.crt')).to.equal(served);
      now += hourMs;
      await certificates().issue(of());
      expect(field(serverPath, 'tls.crt')).not.to.equal(served);
      expect(verifies()).to.equal(true);
    });
  });

  it('are none of a plain listener', async () => {
    const plain = of({ enabled: false });
    expect(await certificates().inspect(plain)).to.equal('valid');
    await certificates().issue(plain);
    expect(api.calls).to.deep.equal([]);
  });
});
