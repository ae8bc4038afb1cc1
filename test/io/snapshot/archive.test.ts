import { createHash, randomBytes } from 'node:crypto';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { createTarPacker, packTar, type TarEntry } from 'modern-tar';
import { verifySnapshot } from '../../../src/io/snapshot/archive.ts';
import { SnapshotError } from '../../../src/io/snapshot/error.ts';
import { failureOf } from '../../support/failure.ts';
import {
  archiveOf,
  entriesOf,
  sha256,
  snapshotArchive,
  snapshotParts,
  streamOf,
  sumsOf,
} from '../../support/snapshot-archive.ts';
import { sized } from '../../support/walks.ts';

const verify = (archive: Uint8Array, chunkBytes?: number) => verifySnapshot(streamOf(archive, chunkBytes));
/** Undefined when it cannot be unpacked. */
function unpacked(archive: Uint8Array): Buffer | undefined {
  try {
    return gunzipSync(archive);
  } catch {
    return undefined;
  }
}

const reasonOf = async (archive: Uint8Array) => (await failureOf(verify(archive))).reason;

describe('a snapshot archive', () => {
  const parts = snapshotParts();
  let good: Buffer;
  let tar: Uint8Array;

  before(async () => {
    good = await snapshotArchive(parts);
    tar = await packTar([...entriesOf(parts)]);
  });

  it('that is whole tells its size, sum, index, term and members', async () => {
    expect(await verify(good)).to.deep.equal({
      size: good.byteLength,
      sha256: sha256(good),
      index: 83,
      term: 3,
      servers: [
        { id: 'bao-0', voter: true },
        { id: 'bao-1', voter: true },
        { id: 'bao-2', voter: false },
      ],
    });
  });

  it('may come in chunks of any size', async () => {
    const whole = await verify(good);
    for (const chunkBytes of [1, 7, 512, 1_000_000]) {
      expect(await verify(good, chunkBytes)).to.deep.equal(whole);
    }
  });

  it('may lack the sealed sums', async () => {
    const entries = entriesOf(parts).filter(({ header }) => header.name !== 'SHA256SUMS.sealed');
    expect((await verify(await archiveOf(entries))).index).to.equal(83);
  });

  it('is refused as Truncated wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: good.byteLength - 1 }), async (length) => {
        expect(await reasonOf(good.subarray(0, length))).to.equal('Truncated');
      }),
      { numRuns: sized(300, 60) },
    );
  });

  it('is refused as Truncated when the tar in a whole gzip is cut', async () => {
    for (const missing of [512, 1024, 1025, 2048, tar.byteLength - 600]) {
      expect(await reasonOf(gzipSync(tar.subarray(0, -missing))), `${missing} bytes`).to.equal('Truncated');
    }
  });

  it('is refused when any bit is another, unless it unpacks to the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: good.byteLength - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const damaged = Buffer.from(good);
          damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
          // The date in the header of gzip, or another way to say the same.
          fc.pre(!unpacked(damaged)?.equals(tar));
          expect(await failureOf(verify(damaged))).to.be.instanceOf(SnapshotError);
        },
      ),
      { numRuns: sized(300, 60) },
    );
  });

  it('is refused as ExtraBytes when something follows', async () => {
    const junk = Buffer.from('junk');
    for (const archive of [
      Buffer.concat([good, junk]),
      Buffer.concat([good, Buffer.alloc(1)]),
      Buffer.concat([good, good]),
      gzipSync(Buffer.concat([tar, junk])),
    ]) {
      expect(await reasonOf(archive)).to.equal('ExtraBytes');
    }
  });

  it('is refused as NotGzip when it is something else', async () => {
    for (const text of ['{"errors":["permission denied"]}', '<html>']) {
      expect(await reasonOf(Buffer.from(text)), text).to.equal('NotGzip');
    }
    expect(await reasonOf(gzipSync('not a tar at all'.repeat(200)))).to.equal('Damaged');
  });

  it('is refused as MissingMember without one that it must have', async () => {
    for (const missing of ['meta.json', 'state.bin', 'SHA256SUMS']) {
      const entries = entriesOf(parts).filter(({ header }) => header.name !== missing);
      const error = await failureOf(verify(await archiveOf(entries)));
      expect(error.reason).to.equal('MissingMember');
      expect(error.message).to.contain(missing);
    }
  });

  it('is refused as UnexpectedMember with one that OpenBao does not write', async () => {
    const [meta, ...rest] = entriesOf(parts);
    const extra = (header: TarEntry['header'], body?: string): TarEntry => ({
      header,
      ...(body === undefined ? {} : { body }),
    });
    for (const entry of [
      extra({ name: '../etc/passwd', size: 1 }, 'x'),
      extra({ name: 'state.bin', type: 'symlink', linkname: '/etc/passwd', size: 0 }),
      meta as TarEntry,
    ]) {
      expect(await reasonOf(await archiveOf([meta as TarEntry, entry, ...rest]))).to.equal(
        'UnexpectedMember',
      );
    }
  });

  it('is refused when what is held in memory is too large', async () => {
    const sealed = 'x'.repeat(1024 * 1024 + 1);
    expect(await reasonOf(await snapshotArchive({ ...parts, sealed }))).to.equal('UnexpectedMember');
  });

  it('is refused as WrongSum when a sum is not that of its member, or is not there', async () => {
    const other = sumsOf(parts.metaJson, Buffer.from('other state'));
    const swapped = sumsOf('{}', parts.stateBin);
    for (const [sums, member] of [
      [other, 'state.bin'],
      [swapped, 'meta.json'],
      [parts.sums.split('\n')[0] ?? '', 'state.bin'],
      ['', 'meta.json'],
    ] as const) {
      const error = await failureOf(verify(await snapshotArchive({ ...parts, sums })));
      expect(error.reason).to.equal('WrongSum');
      expect(error.message).to.match(new RegExp(`^${member.replace('.', '\\.')} in the snapshot`));
    }
  });

  it('is refused as UnreadableMeta when meta.json does not say what it must', async () => {
    for (const metaJson of ['', '{', '{}', '{"Index":-1,"Term":1,"Configuration":{"Servers":[]}}', '[]']) {
      const sums = sumsOf(metaJson, parts.stateBin);
      expect(await reasonOf(await snapshotArchive({ ...parts, metaJson, sums })), metaJson).to.equal(
        'UnreadableMeta',
      );
    }
  });

  it('passes on an error of its stream as it is', async () => {
    const broken = new Error('connection reset');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield good.subarray(0, 100);
      throw broken;
    }
    expect(await failureOf(verifySnapshot(breaking()))).to.equal(broken);
  });

  it('lets go of its stream when it has seen enough', async () => {
    const released = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(1024, 'not gzip');
      } finally {
        released.resolve();
      }
    }
    expect((await failureOf(verifySnapshot(endless()))).reason).to.equal('NotGzip');
    await released.promise;
  });

  it('is never held in memory as a whole', async function () {
    const directory = mkdtempSync(join(tmpdir(), 'rollguard-archive-'));
    try {
      const file = join(directory, 'large.snap');
      const stateBytes = 128 * 1024 * 1024;
      await writeLargeArchive(file, stateBytes);
      const held = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
      const before = held();
      let most = 0;
      async function* sampled(): AsyncGenerator<Uint8Array> {
        for await (const chunk of createReadStream(file)) {
          most = Math.max(most, held());
          yield chunk as Buffer;
        }
      }
      expect((await verifySnapshot(sampled())).size).to.be.above(stateBytes);
      // Garbage that nobody has collected yet counts as well.
      expect(most - before).to.be.below(0.8 * stateBytes);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** A good archive whose state.bin has that many bytes. */
async function writeLargeArchive(file: string, stateBytes: number): Promise<void> {
  const block = randomBytes(1024 * 1024);
  const { metaJson } = snapshotParts();
  const hash = createHash('sha256');
  const { readable, controller } = createTarPacker();
  async function* state(): AsyncGenerator<Uint8Array> {
    for (let written = 0; written < stateBytes; written += block.byteLength) {
      hash.update(block);
      yield block;
    }
  }
  const add = (name: string, size: number, body: AsyncIterable<Uint8Array>) =>
    ReadableStream.from(body).pipeTo(controller.add({ name, size }));
  const pack = async () => {
    await add('meta.json', metaJson.length, streamOf(Buffer.from(metaJson)));
    await add('state.bin', stateBytes, state());
    const sums = `${sha256(metaJson)}  meta.json\n${hash.digest('hex')}  state.bin\n`;
    await add('SHA256SUMS', sums.length, streamOf(Buffer.from(sums)));
    controller.finalize();
  };
  await Promise.all([pack(), pipeline(readable, createGzip({ level: 0 }), createWriteStream(file))]);
}
