import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openStore, type ObjectStore } from '../../src/io/object-store.ts';
import { failureOf } from '../support/failure.ts';
import { ownSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { sha256, streamOf } from '../support/snapshot-archive.ts';

const mebibyte = 1024 * 1024;

describe('a claim as a store', () => {
  let folder: string;
  let store: ObjectStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollguard-store-'));
    store = open(folder);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (at: string | undefined, stallMs = 10_000): ObjectStore =>
    openStore({ provider: 'pvc', claimName: 'snapshots' }, { folder: at }, { stallMs });
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

  async function read(from: ObjectStore, key: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of from.get(key)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  for (const size of [0, 1, 3 * mebibyte + 1]) {
    it(`keeps ${size} bytes, and gives them back as they were`, async () => {
      const content = Buffer.alloc(size, 'snapshot');
      const key = 'prefix/demo/bao/one.snap';
      expect(await store.put(key, streamOf(content))).to.deep.equal({ size, sha256: sha256(content) });
      expect(readFileSync(join(folder, key)).equals(content)).to.equal(true);
      expect((await read(store, key)).equals(content)).to.equal(true);
      const info = await store.head(key);
      expect(info?.size).to.equal(size);
      expect(Math.abs(Date.parse(info?.modifiedAt ?? '') - Date.now())).to.be.below(60_000);
      await store.remove(key);
      expect(await store.head(key)).to.equal(undefined);
      expect(files()).to.deep.equal([]);
    });
  }

  it('shows nothing under the name before it is whole', async () => {
    const seen: unknown[] = [];
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(mebibyte);
      seen.push(await store.head('one'));
    }
    await store.put('one', content());
    expect(seen).to.deep.equal([undefined]);
    expect(files().map(({ name }) => name)).to.deep.equal(['one']);
  });

  it('never overwrites', async () => {
    await store.put('one', streamOf(Buffer.from('first')));
    expect((await failureOf(store.put('one', streamOf(Buffer.from('second'))))).reason).to.equal(
      'AlreadyExists',
    );
    expect((await read(store, 'one')).toString()).to.equal('first');
    expect(files()).to.have.length(1);
  });

  it('passes a probe, of which nothing stays', async () => {
    await store.probe();
    expect(files()).to.deep.equal([]);
  });

  it('refuses names that would lead elsewhere', async () => {
    for (const key of ['../other', 'a/../../b', '/etc/passwd', '', 'a\0b']) {
      expect((await failureOf(store.put(key, streamOf(Buffer.from('x'))))).reason, key).to.equal(
        'InvalidTarget',
      );
    }
  });

  it('removes what is not there without an error, and says NotFound when it is to be read', async () => {
    await store.remove('nothing');
    expect((await failureOf(read(store, 'nothing'))).reason).to.equal('NotFound');
  });

  it('keeps nothing of a put that is aborted', async () => {
    const ending = new AbortController();
    const reason = new Error('enough');
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(mebibyte);
      ending.abort(reason);
      await new Promise(() => {});
    }
    expect(await failureOf(store.put('one', content(), { signal: ending.signal }))).to.equal(reason);
    expect(files()).to.deep.equal([]);
  });

  it('keeps nothing of content that breaks, and gives its error as it is', async () => {
    const broken = new Error('the spool is gone');
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(mebibyte);
      throw broken;
    }
    expect(await failureOf(store.put('one', content()))).to.equal(broken);
    expect(files()).to.deep.equal([]);
  });

  it('says InvalidTarget when the claim is not mounted, and makes no folder in its place', async () => {
    const missing = join(folder, 'missing');
    const error = await failureOf(open(missing).probe());
    expect(error.reason).to.equal('InvalidTarget');
    expect(error.message).to.contain('spec.backup.target.claimName');
    expect(readdirSync(folder)).to.deep.equal([]);
    expect(() => open(undefined))
      .to.throw('claimName')
      .with.property('reason', 'InvalidTarget');
  });

  it('says InvalidTarget when a file stands where a folder should', async () => {
    writeFileSync(join(folder, 'demo'), '');
    expect((await failureOf(store.put('demo/bao/one', streamOf(Buffer.from('x'))))).reason).to.equal(
      'InvalidTarget',
    );
  });

  it('ends as Stalled when the file system hangs', async () => {
    // Opening a FIFO hangs until somebody opens its other end.
    execFileSync('mkfifo', [join(folder, 'hanging')]);
    try {
      const error = await failureOf(read(open(folder, 200), 'hanging'));
      expect(error.reason).to.equal('Stalled');
      expect(error.message).to.contain('did nothing for 0.2 s');
    } finally {
      await (await openFile(join(folder, 'hanging'), 'r+')).close();
    }
  });

  describe('that is mounted read-only', () => {
    let disk: SmallDisk;

    before(async function () {
      disk = await ownSmallDisk(this, 1, 'ro');
    });

    after(() => disk?.stop());

    it('says AccessDenied', async () => {
      const error = await failureOf(open(disk.path).probe());
      expect(error.reason).to.equal('AccessDenied');
      expect(error.message).to.contain('fsGroup');
    });
  });

  describe('that is full', () => {
    let disk: SmallDisk;

    before(async function () {
      disk = await ownSmallDisk(this, 2);
    });

    after(() => disk?.stop());

    it('says NoSpace, and keeps nothing of it', async () => {
      const full = open(disk.path);
      const error = await failureOf(full.put('one', streamOf(Buffer.alloc(3 * mebibyte))));
      expect(error.reason).to.equal('NoSpace');
      expect(error.message).to.contain('enlarge it');
      expect(readdirSync(disk.path)).to.deep.equal([]);
      await full.put('small', streamOf(Buffer.alloc(mebibyte)));
    });
  });
});
