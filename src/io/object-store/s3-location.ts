import { X509Certificate } from 'node:crypto';
import { segmentsOf } from './key.ts';
import type { StoreCredentials, StoreTarget } from './contract.ts';
import { StoreError } from './store-error.ts';

/** Where a bucket is and who asks. */
export interface S3Location {
  readonly endpoint: URL;
  readonly bucket: string;
  readonly region: string;
  readonly usePathStyle: boolean;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** @throws StoreError naming the field that is missing or wrong */
export function s3Location(target: StoreTarget, credentials: StoreCredentials): S3Location {
  const { bucket, region = 'us-east-1', usePathStyle = false } = target;
  const { accessKeyId = '', secretAccessKey = '', sessionToken = '' } = credentials;
  if (bucket === undefined || !/^[a-z0-9][a-z0-9.-]*$/i.test(bucket)) {
    throw new StoreError('InvalidTarget', `spec.backup.target.bucket is ${JSON.stringify(bucket)}`, {
      remedy: 'Write the name of the bucket there.',
    });
  }
  if (accessKeyId === '' || secretAccessKey === '') {
    throw new StoreError('WrongCredentials', 'accessKeyId or secretAccessKey is missing');
  }
  return {
    endpoint: endpointOf(target),
    bucket,
    region,
    usePathStyle,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) },
  };
}

function endpointOf({ endpoint }: StoreTarget): URL {
  const url = URL.parse(endpoint ?? '');
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new StoreError('InvalidTarget', `spec.backup.target.endpoint is ${JSON.stringify(endpoint)}`, {
    remedy: 'Write the URL of the store there, such as https://s3.example.com.',
  });
}

/**
 * The CAs, which Node.js would take for none when they cannot be read.
 *
 * @throws StoreError `InvalidTarget`
 */
export function checkedCa(ca: string | undefined): string | undefined {
  if (ca === undefined) return undefined;
  try {
    new X509Certificate(ca).toString();
    return ca;
  } catch (error) {
    const { message } = error as Error;
    throw new StoreError('InvalidTarget', `the CA of the store cannot be read: ${message}`, {
      cause: error,
      remedy: 'Put PEM certificates as ca.crt into the Secret that spec.backup.target.caSecretRef names.',
    });
  }
}

/** The URL of the bucket or of one of its objects. */
export function s3Url(
  { endpoint, bucket, usePathStyle }: S3Location,
  key?: string,
  query: Readonly<Record<string, string>> = {},
): URL {
  const url = new URL(endpoint);
  if (!usePathStyle) url.hostname = `${bucket}.${endpoint.hostname}`;
  const base = endpoint.pathname.split('/').filter((segment) => segment !== '');
  const path = [
    ...base,
    ...(usePathStyle ? [bucket] : []),
    ...(key === undefined ? [] : segmentsOf(key).map(encodeURIComponent)),
  ];
  url.pathname = `/${path.join('/')}`;
  url.search = new URLSearchParams(query).toString();
  return url;
}
