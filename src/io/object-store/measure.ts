import { createHash } from 'node:crypto';
import type { StoredObject } from './contract.ts';

/** Counts and sums what goes by. */
interface Measure {
  /** The same chunks. */
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  /** Of all chunks so far; call it once. */
  readonly result: () => StoredObject;
}

export function measure(content: AsyncIterable<Uint8Array>): Measure {
  const hash = createHash('sha256');
  let size = 0;
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of content) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  }
  return { chunks: chunks(), result: () => ({ size, sha256: hash.digest('hex') }) };
}
