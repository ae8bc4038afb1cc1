import type { X509Certificate } from 'node:crypto';
import {
  faultOfPair,
  isSignedBy,
  isValidAt,
  missingNames,
  readBundle,
  readCertificate,
  readPrivateKey,
  type Material,
} from './material.ts';
import { backdateMs, type Schedule } from './schedule.ts';

/** What to do with the stored material next. `why` is for the log. */
export type Decision =
  | { readonly kind: 'keep' }
  /** A new leaf, signed by the CA whose key we hold. */
  | { readonly kind: 'renewLeaf'; readonly why: string }
  /** A new CA into the bundle, beside the others. The leaf stays. */
  | { readonly kind: 'rotateCa'; readonly why: string }
  /** The same as `renewLeaf`, but the leaf thereby moves to a newer CA. */
  | { readonly kind: 'useNewCa'; readonly why: string }
  /** Only the CA that signed the leaf stays in the bundle. */
  | { readonly kind: 'dropOldCa'; readonly why: string }
  /** A new CA and a leaf of it; nothing stays. The only step after which calls may fail for a moment. */
  | { readonly kind: 'reissueEverything'; readonly why: string };

export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** DNS names and IP addresses that the leaf must carry. */
  readonly names: readonly string[];
  /** Since when every webhook configuration that is there carries the stored bundle; undefined if they do not, or who knows. */
  readonly publishedSince: number | undefined;
  readonly schedule: Schedule;
}

/**
 * Decides the one next step. A rotation is a chain of them:
 *
 *     bundle [old]        leaf by old
 *     rotateCa            bundle [new, old]   leaf by old
 *     useNewCa            bundle [new, old]   leaf by new    when [new, old] is published since publishOverlapMs
 *     dropOldCa           bundle [new]        leaf by new    when the leaf is dropOverlapMs old
 *
 * so that at each moment the leaf of every replica that still reads the material verifies against what is published.
 */
export function decide(material: Material, circumstances: Circumstances): Decision {
  const { now, schedule, publishedSince } = circumstances;
  const authorities = readBundle(material.caBundle);
  if (authorities === undefined) return { kind: 'reissueEverything', why: 'there is no CA that can be read' };

  const leaf = readCertificate(material.leaf.cert);
  const issuer = leaf && authorities.find((ca) => isSignedBy(leaf, ca) && isValidAt(ca, now));
  const broken = faultOfPair(material.leaf) ?? faultOfLeaf(leaf, issuer, now);
  const signer = findSigner(material.caKey, authorities, now);
  if (signer === undefined) {
    const why = 'there is no key of a valid CA';
    if (broken === undefined) return { kind: 'rotateCa', why };
    return { kind: 'reissueEverything', why: `${broken}, and ${why}` };
  }
  if (broken !== undefined || leaf === undefined || issuer === undefined) {
    return { kind: 'renewLeaf', why: broken ?? 'there is no certificate' };
  }

  if (issuer !== signer) {
    const isKnown = publishedSince !== undefined && now - publishedSince >= schedule.publishOverlapMs;
    if (!isKnown) return { kind: 'keep' };
    return { kind: 'useNewCa', why: 'every webhook configuration carries the new CA' };
  }
  const due = whyLeafIsDue(leaf, signer, circumstances);
  if (due !== undefined) return { kind: 'renewLeaf', why: due };
  if (authorities.length > 1 && now - issuedAt(leaf) >= schedule.dropOverlapMs) {
    return { kind: 'dropOldCa', why: 'the certificate moved to the new CA long enough ago' };
  }
  // As long as nothing can be published, the key of the CA that is published must not be given up.
  if (publishedSince !== undefined && remains(signer, now) < schedule.renewBelow) {
    return { kind: 'rotateCa', why: `the CA ends ${signer.validToDate.toISOString()}` };
  }
  return { kind: 'keep' };
}

function faultOfLeaf(
  leaf: X509Certificate | undefined,
  issuer: X509Certificate | undefined,
  now: number,
): string | undefined {
  if (leaf === undefined || issuer === undefined) return 'no CA of the bundle has signed the certificate';
  if (!isValidAt(leaf, now)) {
    return `the certificate is valid from ${leaf.validFromDate.toISOString()} to ${leaf.validToDate.toISOString()}`;
  }
  return undefined;
}

/**
 * A name too many is no reason: while two releases run side by side, they would take turns.
 * It goes with the next leaf.
 */
function whyLeafIsDue(
  leaf: X509Certificate,
  signer: X509Certificate,
  { now, names, schedule }: Circumstances,
): string | undefined {
  const missing = missingNames(leaf, names);
  if (missing.length > 0) return `the certificate lacks ${missing.join(', ')}`;
  // Another leaf would end with the CA as well.
  if (leaf.validToDate.getTime() >= signer.validToDate.getTime()) return undefined;
  if (remains(leaf, now) < schedule.renewBelow)
    return `the certificate ends ${leaf.validToDate.toISOString()}`;
  return undefined;
}

/** The CA that can sign now: its key is there, and of the kind that we issue. */
function findSigner(
  caKey: string,
  authorities: readonly X509Certificate[],
  now: number,
): X509Certificate | undefined {
  const key = readPrivateKey(caKey);
  if (key?.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
  return authorities.find((ca) => ca.ca && isValidAt(ca, now) && ca.checkPrivateKey(key));
}

const issuedAt = (certificate: X509Certificate) => certificate.validFromDate.getTime() + backdateMs;

/** The part of a certificate's life that is left: 1 at its issue, 0 at its end. */
function remains(certificate: X509Certificate, now: number): number {
  const end = certificate.validToDate.getTime();
  return (end - now) / (end - issuedAt(certificate));
}
