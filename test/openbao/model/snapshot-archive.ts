import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RaftServer } from './state.ts';

export interface SnapshotContents {
  readonly index: number;
  readonly term: number;
  readonly servers: readonly RaftServer[];
  readonly state: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch, for the members' times. */
  readonly now: number;
}

const block = 512;

/** A gzip'd tar in OpenBao's form: meta.json, state.bin, both sums, and the sums once more, sealed (here: made up). */
export function packSnapshot({ index, term, servers, state, now }: SnapshotContents): Uint8Array {
  const contents = Buffer.from(JSON.stringify(state));
  const meta = Buffer.from(
    JSON.stringify({
      Version: 1,
      ID: 'bolt-snapshot',
      Index: index,
      Term: term,
      Peers: null,
      Configuration: {
        Servers: servers.map(({ id, address, voter }) => ({
          Suffrage: voter ? 0 : 1,
          ID: id,
          Address: address,
        })),
      },
      ConfigurationIndex: index,
      Size: contents.length,
    }),
  );
  const lines = [`${sha256(meta)}  meta.json\n`, `${sha256(contents)}  state.bin\n`];
  // A real server writes them in either order.
  const sums = Buffer.from((index % 2 === 0 ? lines : lines.toReversed()).join(''));
  const sealed = createHash('sha512').update(sums).digest();
  const members = { 'meta.json': meta, 'state.bin': contents, SHA256SUMS: sums, 'SHA256SUMS.sealed': sealed };
  const parts = Object.entries(members).flatMap(([name, bytes]) => tarMember(name, bytes, now));
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]));
}

/** The state in an archive of the model; undefined for anything else. */
export function unpackSnapshot(archive: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const state = tarMembers(gunzipSync(archive)).get('state.bin');
    return state === undefined ? undefined : (JSON.parse(state.toString()) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function tarMember(name: string, bytes: Buffer, now: number): Buffer[] {
  const header = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o600, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(bytes.length, 11), 124);
  header.write(octal(Math.floor(now / 1000), 11), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  );
  return [header, bytes, Buffer.alloc((block - (bytes.length % block)) % block)];
}

function tarMembers(tar: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  for (let at = 0; at + block <= tar.length && tar[at] !== 0;) {
    const field = (start: number, length: number) =>
      tar.toString('latin1', at + start, at + start + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 12), 8);
    members.set(field(0, 100), tar.subarray(at + block, at + block + size));
    at += block + Math.ceil(size / block) * block;
  }
  return members;
}
