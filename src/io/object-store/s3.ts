import type { ObjectInfo, ObjectStore, StoreCredentials, StoreLimits, StoreTarget } from './contract.ts';
import { measure } from './measure.ts';
import { inParts } from './parts.ts';
import { probeStore } from './probe.ts';
import { connectS3, type S3Client } from './s3-client.ts';
import { element } from './s3-errors.ts';
import { checkedCa, s3Location } from './s3-location.ts';
import { chunksUntilAborted } from './stall-guard.ts';
import { StoreError } from './store-error.ts';

/** Milliseconds that tidying up after a failure may take. */
const tidyMs = 5_000;

type Signal = AbortSignal | undefined;

/** A bucket of an S3-compatible store. */
export function openS3(target: StoreTarget, credentials: StoreCredentials, limits: StoreLimits): ObjectStore {
  const client = connectS3(s3Location(target, credentials), checkedCa(credentials.ca), limits);
  const store: ObjectStore = {
    async put(key, content, { signal } = {}) {
      const { chunks, result } = measure(chunksUntilAborted(content, signal));
      const parts = inParts(chunks, limits.partBytes);
      const { value: first } = await parts.next();
      if (first === undefined || first.byteLength < limits.partBytes) {
        await putWhole(client, key, first ?? Buffer.alloc(0), signal);
      } else {
        await putInParts(client, key, first, parts, signal);
      }
      return result();
    },
    get: (key, { signal } = {}) => client.stream({ method: 'GET', key, signal }),
    head: (key, { signal } = {}) => head(client, key, signal),
    async remove(key, { signal } = {}) {
      await client.send({ method: 'DELETE', key, signal });
    },
    probe: (options) => probeStore(store, target, options),
    close: () => client.close(),
  };
  return store;
}

async function putWhole(client: S3Client, key: string, body: Uint8Array, signal: Signal): Promise<void> {
  try {
    await client.send({ method: 'PUT', key, body, signal });
  } catch (error) {
    if (isUnanswered(error)) await removeQuietly(client, key, AbortSignal.timeout(tidyMs));
    throw error;
  }
}

async function putInParts(
  client: S3Client,
  key: string,
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
  signal: Signal,
): Promise<void> {
  const { text } = await client.send({ method: 'POST', key, query: { uploads: '' }, signal });
  const uploadId = element(text, 'UploadId');
  if (uploadId === '')
    throw new StoreError('Refused', `the store began no upload of ${key}: ${text.slice(0, 200)}`);
  try {
    const tags = [await putPart(client, { key, uploadId, part: 1, body: first, signal })];
    for await (const body of rest) {
      tags.push(await putPart(client, { key, uploadId, part: tags.length + 1, body, signal }));
    }
    const body = Buffer.from(completion(tags));
    await client.send({ method: 'POST', key, query: { uploadId }, body, signal });
  } catch (error) {
    await abortUpload(client, key, uploadId);
    throw error;
  }
}

interface Part {
  readonly key: string;
  readonly uploadId: string;
  /** From 1. */
  readonly part: number;
  readonly body: Uint8Array;
  readonly signal: Signal;
}

/** Sends one part. Resolves to its tag, which the end of the upload names again. */
async function putPart(client: S3Client, { key, uploadId, part, body, signal }: Part): Promise<string> {
  const query = { partNumber: String(part), uploadId };
  const { headers } = await client.send({ method: 'PUT', key, query, body, signal });
  const { etag } = headers;
  if (typeof etag === 'string') return etag;
  throw new StoreError('Refused', `the store gave no ETag for part ${part} of ${key}`);
}

function completion(tags: readonly string[]): string {
  const parts = tags.map(
    (tag, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag.replaceAll('"', '&quot;')}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
}

/** Takes an upload back. Its put's own error is what counts, so this has none. */
async function abortUpload(client: S3Client, key: string, uploadId: string): Promise<void> {
  const signal = AbortSignal.timeout(tidyMs);
  try {
    await client.send({ method: 'DELETE', key, query: { uploadId }, signal });
  } catch (error) {
    // There is no such upload any more: it was completed, and the answer to that was lost.
    if (isNotFound(error)) await removeQuietly(client, key, signal);
  }
}

const removeQuietly = (client: S3Client, key: string, signal: AbortSignal): Promise<unknown> =>
  client.send({ method: 'DELETE', key, signal }).catch(() => {});

const isNotFound = (error: unknown) => error instanceof StoreError && error.reason === 'NotFound';

/** Whether the store may have done what was asked. */
const isUnanswered = (error: unknown) =>
  !(error instanceof StoreError) || error.reason === 'Unreachable' || error.reason === 'Stalled';

async function head(client: S3Client, key: string, signal: Signal): Promise<ObjectInfo | undefined> {
  try {
    const { headers } = await client.send({ method: 'HEAD', key, signal });
    const modified = new Date(String(headers['last-modified']));
    return { size: Number(headers['content-length']), modifiedAt: modified.toISOString() };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
