import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';

export interface ArchiveParts {
  readonly metaJson: string;
  readonly stateBin: Uint8Array;
  readonly sums: string;
  readonly sealed: string;
}

/**
 * The members of a snapshot, of the shape that OpenBao 2.5.5 gives it (docs/facts/openbao-measured.md, section 7).
 */
export function snapshotParts(stateBin: Uint8Array = Buffer.alloc(20_283, 'state')): ArchiveParts {
  const servers = ['bao-0', 'bao-1', 'bao-2'].map((id, ordinal) => ({
    Suffrage: ordinal === 2 ? 1 : 0,
    ID: id,
    Address: `${id}.bao.demo.svc:8201`,
  }));
  const metaJson = JSON.stringify({
    Version: 1,
    ID: 'bolt-snapshot',
    Index: 83,
    Term: 3,
    Peers: null,
    Configuration: { Servers: servers },
    ConfigurationIndex: 83,
    Size: stateBin.byteLength,
  });
  return { metaJson, stateBin, sums: sumsOf(metaJson, stateBin), sealed: 'sealed sums' };
}

export const sumsOf = (metaJson: string, stateBin: Uint8Array): string =>
  `${sha256(metaJson)}  meta.json\n${sha256(stateBin)}  state.bin\n`;

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** In the order in which OpenBao writes them. */
export const entriesOf = ({ metaJson, stateBin, sums, sealed }: ArchiveParts): readonly TarEntry[] =>
  [
    ['meta.json', Buffer.from(metaJson)] as const,
    ['state.bin', stateBin] as const,
    ['SHA256SUMS', Buffer.from(sums)] as const,
    ['SHA256SUMS.sealed', Buffer.from(sealed)] as const,
  ].map(([name, body]) => ({ header: { name, size: body.byteLength, mode: 0o600 }, body }));

export const archiveOf = async (entries: readonly TarEntry[]): Promise<Buffer> =>
  gzipSync(await packTar([...entries]));

/** A snapshot as `GET sys/storage/raft/snapshot` would send it. */
export const snapshotArchive = (parts: ArchiveParts = snapshotParts()): Promise<Buffer> =>
  archiveOf(entriesOf(parts));

/** As a stream of chunks of this size. */
export async function* streamOf(
  content: Uint8Array,
  chunkBytes = 64 * 1024,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; start < content.byteLength; start += chunkBytes) {
    yield content.subarray(start, start + chunkBytes);
  }
}
