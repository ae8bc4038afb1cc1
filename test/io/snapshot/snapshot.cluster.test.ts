import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { connectOpenBao } from '../../../src/io/openbao/node.ts';
import { openStore, StoreError, type ObjectStore } from '../../../src/io/object-store.ts';
import { SnapshotError } from '../../../src/io/snapshot/error.ts';
import { takeSnapshot, type SnapshotOrder } from '../../../src/io/snapshot/snapshot.ts';
import { startOpenBao, testerRole, type OpenBaoServers } from '../../executor/openbao-servers.ts';
import { bucketOf } from '../../support/bucket.ts';
import { failureOf } from '../../support/failure.ts';
import { ownMinio, type Minio } from '../../support/minio.ts';
import { ownSmallDisk, type SmallDisk } from '../../support/small-disk.ts';
import { sha256, snapshotArchive, streamOf } from '../../support/snapshot-archive.ts';

const key = 'prefix/demo/bao/2.5.5-operation.snap';
const now = Date.UTC(2030, 5, 1, 12);

describe('taking a snapshot', () => {
  let archive: Buffer;
  let directory: string;
  let folder: string;
  let spool: string;
  let store: ObjectStore;

  before(async () => {
    archive = await snapshotArchive();
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rollguard-snapshot-'));
    [folder, spool] = [mkdtempSync(join(directory, 'store-')), mkdtempSync(join(directory, 'spool-'))];
    store = openStore({ provider: 'pvc' }, { folder });
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const take = (order: Partial<SnapshotOrder> = {}) =>
    takeSnapshot({
      source: () => streamOf(archive, 100),
      store,
      key,
      spool,
      version: '2.5.5',
      unsealKeyId: 'k1',
      now: () => now,
      ...order,
    });
  const files = (at: string) =>
    readdirSync(at, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

  /** Whatever goes wrong: nothing stays in the store, nor in the spool. */
  async function failsBeforeStoring(reason: string, order: Partial<SnapshotOrder>): Promise<void> {
    const error = await failureOf(take(order));
    expect(error.reason, error.message).to.equal(reason);
    expect(files(directory)).to.deep.equal([]);
  }

  it('stores what OpenBao sends, and records it as the status does', async () => {
    expect(await take()).to.deep.equal({
      name: key,
      size: archive.byteLength,
      sha256: sha256(archive),
      takenAt: '2030-06-01T12:00:00.000Z',
      version: '2.5.5',
      unsealKeyId: 'k1',
      index: 83,
    });
    expect(readFileSync(join(folder, key)).equals(archive)).to.equal(true);
    expect(files(spool)).to.deep.equal([]);
  });

  it('stores nothing of one that ends too early', async () => {
    await failsBeforeStoring('Truncated', { source: () => streamOf(archive.subarray(0, -1)) });
  });

  it('stores nothing when OpenBao breaks off, and keeps the cause', async () => {
    const reset = new Error('other side closed');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield archive.subarray(0, 100);
      throw reset;
    }
    await failsBeforeStoring('SourceFailed', { source: breaking });
    const refusing = () => Promise.reject(reset);
    await failsBeforeStoring('SourceFailed', { source: refusing });
    expect(await failureOf(take({ source: refusing }))).to.have.property('cause', reset);
  });

  it('ends when OpenBao sends nothing more', async () => {
    let given: AbortSignal | undefined;
    async function* stalling(signal: AbortSignal): AsyncGenerator<Uint8Array> {
      given = signal;
      yield archive.subarray(0, 100);
      await new Promise(() => {});
    }
    await failsBeforeStoring('SourceStalled', { source: stalling, stallMs: 200 });
    await failsBeforeStoring('SourceStalled', { source: () => new Promise(() => {}), stallMs: 200 });
    expect(given?.aborted).to.equal(true);
  });

  it('ends when its caller has had enough', async () => {
    const source = () => new Promise<never>(() => {});
    const error = await failureOf(take({ source, signal: AbortSignal.timeout(100) }));
    expect(error.name).to.equal('TimeoutError');
    expect(files(directory)).to.deep.equal([]);
  });

  it('passes on what the store says', async () => {
    const full = new StoreError('NoSpace', 'full');
    const error = await failureOf(take({ store: { ...store, put: () => Promise.reject(full) } }));
    expect(error).to.equal(full);
    expect(files(directory)).to.deep.equal([]);
  });

  /** A store whose objects are changed behind its back once they are stored. */
  const tampering = (change: (stored: Buffer) => Buffer): ObjectStore => ({
    ...store,
    async put(name, content, options) {
      const stored = await store.put(name, content, options);
      writeFileSync(join(folder, name), change(readFileSync(join(folder, name))));
      return stored;
    },
  });

  it('removes it again when the store gives back less than it was given', async () => {
    const cutting = tampering((stored) => stored.subarray(0, -10));
    expect((await failureOf(take({ store: cutting }))).reason).to.equal('Truncated');
    expect(files(directory)).to.deep.equal([]);
  });

  it('removes it again when the store gives back another snapshot, be it whole', async () => {
    const other = await snapshotArchive();
    other[4] = (other[4] ?? 0) ^ 1; // The date in the header of gzip.
    const error = await failureOf(take({ store: tampering(() => other) }));
    expect(error.reason).to.equal('ReadBackDiffers');
    expect(files(directory)).to.deep.equal([]);
  });

  it('removes it again when it cannot be read back', async () => {
    const unreadable: ObjectStore = {
      ...store,
      async *get() {
        yield* [];
        throw new StoreError('Unreachable', 'gone');
      },
    };
    expect((await failureOf(take({ store: unreadable }))).reason).to.equal('Unreachable');
    expect(files(directory)).to.deep.equal([]);
  });

  it('reports what an earlier try of the operation has stored, and asks OpenBao for nothing', async () => {
    const first = await take();
    const again = await take({ source: () => Promise.reject(new Error('asked')) });
    expect({ ...again, takenAt: '' }).to.deep.equal({ ...first, takenAt: '' });
    expect(Math.abs(Date.parse(again.takenAt) - Date.now())).to.be.below(60_000);
  });

  it('replaces what an earlier try has left damaged', async () => {
    await store.put(key, streamOf(archive.subarray(0, 200)));
    expect((await take()).sha256).to.equal(sha256(archive));
    expect(readFileSync(join(folder, key)).equals(archive)).to.equal(true);
  });

  it('goes on where the store denies to look for what is not there', async () => {
    const denied = () => Promise.reject(new StoreError('AccessDenied', 'no list'));
    expect((await take({ store: { ...store, head: denied } })).name).to.equal(key);
  });

  it('says so when there is no spool', async () => {
    await failsBeforeStoring('SpoolFailed', { spool: join(directory, 'missing') });
  });

  describe('with a spool that is full', () => {
    let disk: SmallDisk;

    before(async function () {
      disk = await ownSmallDisk(this, 1);
    });

    after(() => disk?.stop());

    it('stores nothing, and leaves room', async () => {
      const large = () => streamOf(Buffer.alloc(2 * 1024 * 1024));
      const error = await failureOf(take({ source: large, spool: disk.path }));
      expect(error).to.be.instanceOf(SnapshotError).with.property('reason', 'SpoolFailed');
      expect(error.message).to.contain('ENOSPC').and.to.contain('room for one snapshot');
      expect(existsSync(join(folder, key))).to.equal(false);
      expect((await take({ spool: disk.path })).index).to.equal(83);
    });
  });

  describe('from OpenBao into MinIO', () => {
    let minio: Minio;
    let openBao: OpenBaoServers;

    before(async function () {
      minio = await ownMinio(this);
      openBao = await startOpenBao(1);
    });

    after(async () => {
      await openBao?.stop();
      await minio?.stop();
    });

    it('makes a record of a snapshot that is there', async () => {
      const [[pod, url] = ['', '']] = openBao.urls;
      const node = connectOpenBao({ pod, url });
      const s3 = openStore(minio.target, minio.credentials);
      try {
        const { token } = await node.login(testerRole, openBao.tokenOf('tester'));
        const source = (signal: AbortSignal) => node.snapshot(token, { signal });
        const record = await take({ source, store: s3, version: openBao.version });
        expect(record.index).to.be.above(0);
        expect(await bucketOf(minio).objects()).to.deep.equal([key]);
        expect((await s3.head(key))?.size).to.equal(record.size);
        // What a second Job of the same operation does.
        expect((await take({ source, store: s3 })).sha256).to.equal(record.sha256);
      } finally {
        await s3.close();
        await node.close();
      }
    });
  });
});
