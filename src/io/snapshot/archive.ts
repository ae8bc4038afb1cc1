import { createHash, type Hash } from 'node:crypto';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { measure } from '../object-store/measure.ts';
import { readSnapshotMeta, type SnapshotMeta } from './meta.ts';
import { SnapshotError } from './error.ts';

/** What a whole snapshot says of itself. */
export interface VerifiedSnapshot extends SnapshotMeta {
  /** Bytes of the archive. */
  readonly size: number;
  /** Of the archive, hexadecimal. */
  readonly sha256: string;
}

/** Members that OpenBao writes; the sums are of the first two. `.sealed` proves who wrote the sums. */
const summed = ['meta.json', 'state.bin'] as const;
const sumsName = 'SHA256SUMS';
const known: readonly string[] = [...summed, sumsName, 'SHA256SUMS.sealed'];

/** Bytes of a member that is held in memory: all but state.bin, and each measured below 1 KB. */
const maxHeldBytes = 1024 * 1024;

interface Member {
  readonly sha256: string;
  /** Undefined of state.bin. */
  readonly text: string | undefined;
}

/**
 * Reads an archive of `GET sys/storage/raft/snapshot` to its end and checks all that can be checked
 * without the seal key: gzip, tar, members and both sums. OpenBao answers 200 before it knows whether it can
 * finish, so only this tells a snapshot from a torso (docs/facts/openbao.md, section 4).
 *
 * @throws SnapshotError saying what is wrong with it; an error of the stream itself is thrown as it is
 */
export async function verifySnapshot(archive: AsyncIterable<Uint8Array>): Promise<VerifiedSnapshot> {
  const source = watched(archive);
  const { chunks, result } = measure(source.chunks);
  const ended = new AbortController();
  const options = { signal: ended.signal };
  const entries = ReadableStream.from<Uint8Array>(chunks)
    .pipeThrough(new DecompressionStream('gzip'), options)
    .pipeThrough(createTarDecoder({ strict: true }), options);
  let members: ReadonlyMap<string, Member>;
  try {
    members = await readMembers(entries);
  } catch (error) {
    throw source.failure()?.error ?? archiveError(error);
  } finally {
    ended.abort();
  }
  const meta = readSnapshotMeta(checkedMembers(members).text ?? '');
  return { ...result(), ...meta };
}

/** Remembers an error of the source, which on its way through the pipes would look like a damaged archive. */
function watched(archive: AsyncIterable<Uint8Array>) {
  let failed: { readonly error: unknown } | undefined;
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* archive;
    } catch (error) {
      failed = { error };
      throw error;
    }
  }
  return { chunks: chunks(), failure: () => failed };
}

async function readMembers(entries: ReadableStream<ParsedTarEntry>): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>();
  for await (const { header, body } of entries) {
    const { name, type } = header;
    if (!known.includes(name) || type !== 'file' || members.has(name)) {
      throw new SnapshotError(
        'UnexpectedMember',
        `the snapshot holds ${JSON.stringify(name.slice(0, 100))}${members.has(name) ? ' twice' : ''}, which OpenBao does not write`,
      );
    }
    members.set(name, await readMember(name, body));
  }
  return members;
}

async function readMember(name: string, body: AsyncIterable<Uint8Array>): Promise<Member> {
  const hash = createHash('sha256');
  if (name === 'state.bin') {
    for await (const chunk of body) hash.update(chunk);
    return { sha256: hash.digest('hex'), text: undefined };
  }
  return { text: await readText(name, body, hash), sha256: hash.digest('hex') };
}

async function readText(name: string, body: AsyncIterable<Uint8Array>, hash: Hash): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    size += chunk.byteLength;
    if (size > maxHeldBytes) {
      throw new SnapshotError('UnexpectedMember', `${name} in the snapshot is larger than 1 MiB`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** meta.json, once all are there and the sums are theirs. */
function checkedMembers(members: ReadonlyMap<string, Member>): Member {
  const member = (name: string): Member => {
    const found = members.get(name);
    if (found !== undefined) return found;
    throw new SnapshotError('MissingMember', `the snapshot has no ${name}`);
  };
  const meta = member('meta.json');
  member('state.bin');
  const lines = (member(sumsName).text ?? '').split('\n').filter((line) => line !== '');
  const sums = new Map(lines.map((line) => line.split(/\s+\*?/, 2).toReversed() as [string, string]));
  for (const name of summed) {
    const { sha256 } = member(name);
    if (sums.get(name)?.toLowerCase() === sha256) continue;
    throw new SnapshotError(
      'WrongSum',
      `${name} in the snapshot has the SHA-256 sum ${sha256}, but ${sumsName} says ${sums.get(name) ?? 'nothing of it'}`,
    );
  }
  return meta;
}

/** The decoders' errors in our words. Node.js gives zlib's code; modern-tar has only messages. */
function archiveError(error: unknown): SnapshotError {
  if (error instanceof SnapshotError) return error;
  const { code = '', message, cause } = error as NodeJS.ErrnoException;
  const detail = cause instanceof Error ? cause.message : message;
  const because = { cause: error };
  if (code === 'Z_BUF_ERROR' || detail === 'Tar archive is truncated.') {
    return new SnapshotError('Truncated', 'the snapshot ends too early', because);
  }
  if (code === 'ERR_TRAILING_JUNK_AFTER_STREAM_END' || detail === 'Invalid EOF.') {
    return new SnapshotError('ExtraBytes', 'something follows after the end of the snapshot', because);
  }
  if (detail.includes('incorrect header check')) {
    return new SnapshotError('NotGzip', 'the snapshot is not a gzip archive', because);
  }
  return new SnapshotError('Damaged', `the snapshot cannot be unpacked: ${detail}`, because);
}
