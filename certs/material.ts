import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** All that the replicas share, in PEM; each field may be empty or garbage, because people can write it. */
export interface Material {
  /** What the server presents, and the key for it. */
  readonly leaf: KeyPair;
  /** Every CA that API servers are to trust, newest first. */
  readonly caBundle: string;
  /** Of the newest CA; the keys of older ones are gone. */
  readonly caKey: string;
}

/**
 * Characters that are read of what people can write: a bundle of all public CAs has a quarter of the first, a chain
 * of ten certificates a quarter of the second, the longest key that OpenSSL takes (16,384 bits) the third.
 */
const longest = { bundle: 1 << 20, chain: 1 << 16, key: 1 << 14 } as const;

/** Certificates that are read of a bundle: each takes a tenth of a millisecond. */
const mostCertificates = 1_000;

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/** The certificates of a bundle; undefined if there is none, or if any part of the text is not a certificate. */
export function readBundle(bundle: string): readonly X509Certificate[] | undefined {
  const blocks = blocksOf(bundle);
  if (blocks === undefined || blocks.length === 0) return undefined;
  const certificates = blocks.map(readCertificate);
  const whole = certificates.filter((certificate) => certificate !== undefined);
  return whole.length === blocks.length ? whole : undefined;
}

/** Once over the text; undefined where a part is no certificate, is not finished, or there is too much of it. */
function blocksOf(bundle: string): readonly string[] | undefined {
  if (bundle.length > longest.bundle) return undefined;
  const blocks: string[] = [];
  for (let at = bundle.indexOf('-----BEGIN '); at !== -1; at = bundle.indexOf('-----BEGIN ', at)) {
    const to = bundle.startsWith(begin, at) ? bundle.indexOf(end, at) : -1;
    const block = bundle.slice(at, to + end.length);
    // Another one begins within it: this one is not finished.
    if (to === -1 || block.includes('-----BEGIN ', begin.length)) return undefined;
    if (blocks.push(block) > mostCertificates) return undefined;
    at = to + end.length;
  }
  return blocks;
}

/** A bundle as it is published: the certificates alone, whatever stood between them. */
export const writeBundle = (certificates: readonly X509Certificate[]): string =>
  certificates.map(String).join('');

/** The first certificate of a chain; undefined where there is none, or the text is too long for one. */
export function readCertificate(pem: string): X509Certificate | undefined {
  if (pem.length > longest.chain) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

export function readPrivateKey(pem: string): KeyObject | undefined {
  if (pem.length > longest.key) return undefined;
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Why a TLS server cannot serve with this pair; undefined if it can. Says nothing of the key itself. */
export function faultOfPair({ cert, key }: KeyPair): string | undefined {
  if (cert.length > longest.chain) return `the certificate chain is longer than ${longest.chain} characters`;
  if (key.length > longest.key) return `the key is longer than ${longest.key} characters`;
  if (cert.trim() === '') return 'there is no certificate';
  const certificate = readCertificate(cert);
  if (certificate === undefined) return 'the certificate cannot be read';
  const privateKey = readPrivateKey(key);
  if (privateKey === undefined) return 'the key cannot be read';
  if (!certificate.checkPrivateKey(privateKey)) return 'the key does not belong to the certificate';
  try {
    // The rest of the chain too has to be one.
    createSecureContext({ cert, key });
    return undefined;
  } catch {
    return 'the certificate chain cannot be read';
  }
}

/** Whether `ca` signed `certificate`. Says nothing of time. */
export const isSignedBy = (certificate: X509Certificate, ca: X509Certificate): boolean =>
  ca.ca && certificate.checkIssued(ca) && certificate.verify(ca.publicKey);

export const isValidAt = (certificate: X509Certificate, now: number): boolean =>
  certificate.validFromDate.getTime() <= now && now < certificate.validToDate.getTime();

/** The DNS names and IP addresses, of those wanted, that the certificate does not carry. */
export const missingNames = (certificate: X509Certificate, names: readonly string[]): readonly string[] =>
  names.filter((name) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { subject: 'never' }) === undefined
      : certificate.checkIP(name) === undefined,
  );
