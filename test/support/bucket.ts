import type { StoreCredentials, StoreTarget } from '../../src/io/object-store.ts';
import { connectS3 } from '../../src/io/object-store/s3-client.ts';
import { element } from '../../src/io/object-store/s3-errors.ts';
import { s3Location } from '../../src/io/object-store/s3-location.ts';

/** What a test does to a bucket, or sees of it, beside the store it tests. */
export interface Bucket {
  /** Whether the server has made it; false while the server is not up. */
  create(): Promise<boolean>;
  /** The keys of all objects. */
  objects(): Promise<readonly string[]>;
  /** The keys of uploads in parts that nobody has ended. Below MinIO's rules, of one key. */
  uploads(key: string): Promise<readonly string[]>;
  /** Puts bytes past the store. */
  put(key: string, body: Uint8Array): Promise<void>;
}

const limits = { connectMs: 5_000, stallMs: 5_000, partBytes: 5 * 1024 * 1024 };

interface BucketAddress {
  readonly target: StoreTarget & { readonly endpoint: string; readonly bucket: string };
  readonly credentials: StoreCredentials;
}

export function bucketOf({ target, credentials }: BucketAddress): Bucket {
  const client = connectS3(s3Location(target, credentials), credentials.ca, limits);
  const keys = (xml: string) => (xml.match(/<Key>[^<]*<\/Key>/g) ?? []).map((each) => element(each, 'Key'));
  return {
    create: () =>
      client.send({ method: 'PUT' }).then(
        () => true,
        () => false,
      ),
    async objects() {
      return keys((await client.send({ method: 'GET', query: { 'list-type': '2' } })).text);
    },
    async uploads(key) {
      return keys((await client.send({ method: 'GET', query: { uploads: '', prefix: key } })).text);
    },
    async put(key, body) {
      await client.send({ method: 'PUT', key, body });
    },
  };
}
