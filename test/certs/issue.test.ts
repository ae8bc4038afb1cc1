import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { expect } from 'chai';
import { carryOut, issueCa, issueLeaf, serviceNames } from '../../certs/issue.ts';
import { isSignedBy, missingNames } from '../../certs/material.ts';
import { defaultSchedule } from '../../certs/schedule.ts';
import { caAt, dayMs, hourMs, leafAt, names, start } from './authorities.ts';

const read = ({ cert }: { cert: string }) => new X509Certificate(cert);

describe('issuing certificates', () => {
  it('makes a CA that may sign leaves but no further CA', async () => {
    const ca = new x509.X509Certificate((await caAt(start)).cert);
    const constraints = ca.getExtension(x509.BasicConstraintsExtension);
    expect(constraints).to.include({ ca: true, pathLength: 0, critical: true });
    expect(ca.getExtension(x509.KeyUsagesExtension)?.usages).to.equal(
      x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
    );
    expect(ca.publicKey.algorithm).to.include({ name: 'ECDSA', namedCurve: 'P-256' });
  });

  it('makes a leaf for servers that its CA, and no other, has signed', async () => {
    const [ca, other] = [await caAt(start), await caAt(start)];
    const leaf = await leafAt(start, ca);
    expect(isSignedBy(read(leaf), read(ca))).to.equal(true);
    expect(isSignedBy(read(leaf), read(other))).to.equal(false);
    expect(isSignedBy(read(ca), read(leaf))).to.equal(false);
    expect(read(leaf).keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
    expect(read(leaf).ca).to.equal(false);
  });

  it('puts every name of the Service and every address into the leaf', async () => {
    const all = [...serviceNames('rollguard', 'system'), 'example.org', '192.0.2.1', '2001:db8::1'];
    const leaf = await leafAt(start, await caAt(start), all);
    expect(read(leaf).subjectAltName?.split(', ')).to.deep.equal([
      'DNS:rollguard',
      'DNS:rollguard.system',
      'DNS:rollguard.system.svc',
      'DNS:rollguard.system.svc.cluster.local',
      'DNS:example.org',
      'IP Address:192.0.2.1',
      'IP Address:2001:DB8:0:0:0:0:0:1',
    ]);
    expect(missingNames(read(leaf), all)).to.deep.equal([]);
    expect(missingNames(read(leaf), ['other.system.svc', 'rollguard', '192.0.2.2'])).to.deep.equal([
      'other.system.svc',
      '192.0.2.2',
    ]);
  });

  it('manages the longest names Kubernetes allows', async () => {
    const long = 'a'.repeat(63);
    const leaf = await leafAt(start, await caAt(start), serviceNames(long, long));
    expect(missingNames(read(leaf), [`${long}.${long}.svc`])).to.deep.equal([]);
  });

  it('lets certificates begin five minutes early and end on time', async () => {
    const ca = await caAt(start);
    expect(read(ca).validFromDate.getTime()).to.equal(start - 5 * 60_000);
    expect(read(ca).validToDate.getTime()).to.equal(start + 365 * dayMs);
    expect(read(await leafAt(start, ca)).validToDate.getTime()).to.equal(start + 90 * dayMs);
  });

  it('never lets a leaf outlive its CA', async () => {
    const ca = await issueCa(start, { ...defaultSchedule, caLifetimeMs: 2 * hourMs });
    const leaf = await issueLeaf(ca, names, start + hourMs, defaultSchedule);
    expect(read(leaf).validToDate.getTime()).to.equal(start + 2 * hourMs);
  });

  it('gives each certificate a positive serial number, and each CA a name, that no other has', async () => {
    const authorities = await Promise.all(Array.from({ length: 20 }, () => caAt(start)));
    const serials = authorities.map((ca) => read(ca).serialNumber);
    expect(new Set(serials).size).to.equal(20);
    for (const serial of serials) expect(serial).to.match(/^[4-7][0-9A-F]{31}$/);
    expect(new Set(authorities.map((ca) => read(ca).subject)).size).to.equal(20);
  });

  it('signs by the CA whose key it has, wherever in the bundle it stands', async () => {
    const [ca, other] = [await caAt(start), await caAt(start)];
    const stored = { leaf: { cert: '', key: '' }, caBundle: other.cert + ca.cert, caKey: ca.key };
    const circumstances = { names, now: start, schedule: defaultSchedule };
    const { leaf } = await carryOut({ kind: 'renewLeaf', why: '' }, stored, circumstances);
    expect(isSignedBy(read(leaf), read(ca))).to.equal(true);
  });

  it('refuses to sign with a key that belongs to no CA of the bundle', async () => {
    const [ca, other] = [await caAt(start), await caAt(start)];
    const stored = { leaf: await leafAt(start, ca), caBundle: ca.cert, caKey: other.key };
    const circumstances = { names, now: start, schedule: defaultSchedule };
    const failure = await carryOut({ kind: 'renewLeaf', why: '' }, stored, circumstances).catch(
      (error: Error) => error,
    );
    expect(failure)
      .to.be.instanceOf(Error)
      .with.property('message', 'the CA key belongs to no CA of the bundle');
  });
});
