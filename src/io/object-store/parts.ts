/**
 * A stream cut into parts of the same size; only the last one may be smaller, and none is empty.
 * A part is the reader's until it asks for the next one.
 */
export async function* inParts(
  content: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  for await (const chunk of content) {
    let taken = 0;
    while (taken < chunk.byteLength) {
      const piece = chunk.subarray(taken, taken + partBytes - filled);
      part.set(piece, filled);
      filled += piece.byteLength;
      taken += piece.byteLength;
      if (filled < partBytes) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
