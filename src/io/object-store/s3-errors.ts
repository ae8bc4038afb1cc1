import { defined } from '../../api/object-fields.ts';
import type { S3Location } from './s3-location.ts';
import { StoreError, type StoreErrorReason } from './store-error.ts';

interface FailedAnswer {
  readonly status: number;
  readonly text: string;
}

/** S3's error codes (Amazon S3 API reference, "List of error codes"; XMinio…: MinIO's own). */
const reasonOfCode: Readonly<Record<string, StoreErrorReason>> = {
  InvalidAccessKeyId: 'WrongCredentials',
  SignatureDoesNotMatch: 'WrongCredentials',
  InvalidToken: 'WrongCredentials',
  InvalidTokenId: 'WrongCredentials',
  ExpiredToken: 'WrongCredentials',
  TokenRefreshRequired: 'WrongCredentials',
  AccessDenied: 'AccessDenied',
  AllAccessDisabled: 'AccessDenied',
  NoSuchBucket: 'BucketMissing',
  InvalidBucketName: 'InvalidTarget',
  NoSuchKey: 'NotFound',
  NoSuchUpload: 'NotFound',
  AuthorizationHeaderMalformed: 'InvalidTarget',
  PermanentRedirect: 'InvalidTarget',
  QuotaExceeded: 'NoSpace',
  XMinioStorageFull: 'NoSpace',
  XMinioAdminBucketQuotaExceeded: 'NoSpace',
};

const reasonOfStatus: Readonly<Record<number, StoreErrorReason>> = {
  301: 'InvalidTarget',
  401: 'WrongCredentials',
  403: 'AccessDenied',
  404: 'NotFound',
  507: 'NoSpace',
};

/** Remedies that the code knows better than the reason. */
const remedyOfCode: Readonly<Record<string, string>> = {
  RequestTimeTooSkewed: 'Set the clock of the node, or that of the store.',
  AuthorizationHeaderMalformed: 'Correct spec.backup.target.region.',
  PermanentRedirect: 'Correct spec.backup.target.region and endpoint: the bucket is elsewhere.',
};

/** What an answer that is none of success means. */
export function answerError({ status, text }: FailedAnswer, what: string, location: S3Location): StoreError {
  const code = element(text, 'Code');
  const reason = reasonOfCode[code] ?? (code === '' ? reasonOfStatus[status] : undefined) ?? 'Refused';
  const message = element(text, 'Message').replace(/\.$/, '');
  const said = [`${status} ${code}`.trim(), message].filter((part) => part !== '').join(': ');
  const remedy = remedyOfCode[code];
  return new StoreError(
    reason,
    `the store at ${location.endpoint.origin} answered ${what} in bucket ${location.bucket} with ${said}`,
    defined({ remedy }),
  );
}

/** The text of an element without children. Only these are read of S3's XML, so there is no parser. */
export function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
  return text.replaceAll(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,6})|#x([0-9a-f]{1,5}));/gi, (whole, ...groups) => {
    const [named, decimal, hexadecimal] = groups as (string | undefined)[];
    if (named !== undefined) return entities[named.toLowerCase()] ?? whole;
    return String.fromCodePoint(decimal === undefined ? parseInt(hexadecimal ?? '', 16) : Number(decimal));
  });
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** OpenSSL's and Node.js's codes for a certificate that does not prove who the server is. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CRL_/;

/** What kept a call from having an answer. The guard's own reasons and StoreErrors stay as they are. */
export function transportError(error: unknown, { endpoint }: S3Location, signal: AbortSignal): Error {
  if (error instanceof StoreError) return error;
  if (signal.aborted) return signal.reason as Error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const what = `${endpoint.origin}: ${message === '' ? code : message}`;
  if (untrusted.test(code)) {
    return new StoreError('CertificateUntrusted', `the certificate of the store is not trusted, ${what}`, {
      cause: error,
    });
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return new StoreError('InvalidTarget', `the store does not speak TLS as we do, ${what}`, {
      cause: error,
      remedy: 'Correct the scheme and port in spec.backup.target.endpoint.',
    });
  }
  return new StoreError('Unreachable', `the store does not answer, ${what}`, { cause: error });
}
