import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { Decision } from './decide.ts';
import {
  isSignedBy,
  readBundle,
  readCertificate,
  writeBundle,
  type KeyPair,
  type Material,
} from './material.ts';
import { backdateMs, type Schedule } from './schedule.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Every name by which a Service is reached inside a cluster. API servers use `<service>.<namespace>.svc`. */
export const serviceNames = (service: string, namespace: string): readonly string[] => [
  service,
  `${service}.${namespace}`,
  `${service}.${namespace}.svc`,
  `${service}.${namespace}.svc.cluster.local`,
];

/** A CA that signs leaves and nothing else. No two have the same name. */
export async function issueCa(now: number, { caLifetimeMs }: Schedule): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [`rollguard-ca-${randomBytes(6).toString('hex')}`] }],
    keys,
    signingAlgorithm: algorithm,
    ...validity(now, now + caLifetimeMs),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys) };
}

/**
 * A server certificate.
 *
 * @param ca the CA and its key; the leaf ends when it does
 * @param names DNS names and IP addresses
 */
export async function issueLeaf(
  ca: KeyPair,
  names: readonly string[],
  now: number,
  { leafLifetimeMs }: Schedule,
): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(ca.cert);
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // The name that counts is among the alternative ones: this one may have no more than 64 characters.
    subject: [{ CN: ['rollguard'] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await readSigningKey(ca.key),
    signingAlgorithm: algorithm,
    ...validity(now, Math.min(now + leafLifetimeMs, issuer.notAfter.getTime())),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys) };
}

/**
 * What the material becomes by a decision about it.
 *
 * @throws Error if the decision does not fit the material
 */
export async function carryOut(
  decision: Exclude<Decision, { kind: 'keep' }>,
  material: Material | undefined,
  {
    names,
    now,
    schedule,
  }: { readonly names: readonly string[]; readonly now: number; readonly schedule: Schedule },
): Promise<Material> {
  if (decision.kind === 'reissueEverything' || material === undefined) {
    const ca = await issueCa(now, schedule);
    return { leaf: await issueLeaf(ca, names, now, schedule), caBundle: ca.cert, caKey: ca.key };
  }
  const authorities = readBundle(material.caBundle) ?? [];
  switch (decision.kind) {
    case 'rotateCa': {
      const ca = await issueCa(now, schedule);
      return { ...material, caBundle: ca.cert + writeBundle(authorities), caKey: ca.key };
    }
    case 'renewLeaf':
    case 'useNewCa': {
      const key = createPrivateKey(material.caKey);
      const signer = authorities.find((ca) => ca.checkPrivateKey(key));
      if (signer === undefined) throw new Error('the CA key belongs to no CA of the bundle');
      return {
        ...material,
        leaf: await issueLeaf({ cert: signer.toString(), key: material.caKey }, names, now, schedule),
      };
    }
    case 'dropOldCa': {
      const leaf = readCertificate(material.leaf.cert);
      return {
        ...material,
        caBundle: writeBundle(authorities.filter((ca) => leaf !== undefined && isSignedBy(leaf, ca))),
      };
    }
    default:
      return decision satisfies never;
  }
}

const generateKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

function readSigningKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

/** 127 random bits, positive and never of fewer octets, as hexadecimal. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

const validity = (now: number, end: number) => ({
  notBefore: new Date(now - backdateMs),
  notAfter: new Date(end),
});
