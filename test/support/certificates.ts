import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const validityMs = 30 * 24 * 60 * 60 * 1000;

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is for. For a client, Kubernetes reads CN as the user, each O as a group. */
export type Subject =
  | { readonly kind: 'client'; readonly user: string; readonly groups: readonly string[] }
  | { readonly kind: 'server'; readonly name: string; readonly addresses: readonly string[] };

/** A certificate authority that lives as long as its ground. */
export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  issue(subject: Subject): Promise<KeyPair>;
}

export async function createCertificateAuthority(name: string): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return {
    certificate: root.toString('pem'),
    async issue(subject) {
      const own = await generateKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: distinguishedName(subject),
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity(),
        extensions: extensionsFor(subject),
      });
      return { certificate: certificate.toString('pem'), key: await privateKeyPem(own) };
    },
  };
}

/** The key with which the API server signs service account tokens: private and public, PEM. */
export async function createSigningKey(): Promise<{
  readonly privateKey: string;
  readonly publicKey: string;
}> {
  const keys = await generateKeys();
  const publicKey = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey('spki', keys.publicKey),
    'PUBLIC KEY',
  );
  return { privateKey: await privateKeyPem(keys), publicKey };
}

const generateKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

/** Valid from a minute ago: a clock that was just set back must not fail the ground. */
function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + validityMs) };
}

function distinguishedName(subject: Subject): x509.JsonName {
  if (subject.kind === 'server') return [{ CN: [subject.name] }];
  return [...subject.groups.map((group) => ({ O: [group] })), { CN: [subject.user] }];
}

function extensionsFor(subject: Subject): x509.Extension[] {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const usage = new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true);
  if (subject.kind === 'client') return [usage, new x509.ExtendedKeyUsageExtension([clientAuth])];
  return [
    usage,
    new x509.ExtendedKeyUsageExtension([serverAuth]),
    new x509.SubjectAlternativeNameExtension(
      subject.addresses.map((value) => ({
        type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
        value,
      })),
    ),
  ];
}
