import { withoutOuterSlashes } from '../../core/model/slashes.ts';
import { randomUUID } from 'node:crypto';
import type { ObjectStore, StoreOptions, StoreTarget } from './contract.ts';
import { StoreError } from './store-error.ts';

const words = 'Rollguard wrote this to see whether it can; it may be removed.\n';

/**
 * Does once, with a small object, what a snapshot needs: put, get, delete.
 *
 * @throws StoreError
 */
export async function probeStore(
  store: Pick<ObjectStore, 'put' | 'get' | 'remove'>,
  target: StoreTarget,
  options?: StoreOptions,
): Promise<void> {
  const prefix = keyPrefix(target);
  const key = `${prefix === '' ? '' : `${prefix}/`}rollguard-probe-${randomUUID()}`;
  await store.put(key, oneChunk(Buffer.from(words)), options);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of store.get(key, options)) chunks.push(chunk);
  } finally {
    await store.remove(key, options);
  }
  if (Buffer.concat(chunks).toString() !== words) {
    throw new StoreError('Refused', `the store gave back other bytes than it was given for ${key}`);
  }
}

/** `pathPrefix` without slashes at its ends. */
const keyPrefix = ({ pathPrefix = '' }: StoreTarget) => withoutOuterSlashes(pathPrefix);

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield chunk;
}
