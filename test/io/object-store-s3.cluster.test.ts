import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import {
  openStore,
  type ObjectStore,
  type StoreCredentials,
  type StoreTarget,
} from '../../src/io/object-store.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { freePorts } from '../support/free-ports.ts';
import { bucketOf, type Bucket } from '../support/bucket.ts';
import { failureOf } from '../support/failure.ts';
import { ownMinio, type Minio } from '../support/minio.ts';
import { ownSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { sha256, streamOf } from '../support/snapshot-archive.ts';
import { startStallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';

const mebibyte = 1024 * 1024;
const partBytes = 5 * mebibyte;

describe('an S3 store', function () {
  // A name that does not exist may take its resolver long.
  let minio: Minio;
  let bucket: Bucket;
  let opened: ObjectStore[];

  before(async function () {
    minio = await ownMinio(this);
    bucket = bucketOf(minio);
  });

  after(() => minio?.stop());

  beforeEach(() => {
    opened = [];
  });

  afterEach(() => Promise.all(opened.map((store) => store.close())));

  function open(
    target: Partial<StoreTarget> = {},
    credentials: Partial<StoreCredentials> = {},
    stallMs = 10_000,
  ): ObjectStore {
    const store = openStore(
      { ...minio.target, ...target },
      { ...minio.credentials, ...credentials },
      { connectMs: 2_000, stallMs, partBytes },
    );
    opened.push(store);
    return store;
  }

  async function read(store: ObjectStore, key: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.get(key)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  for (const [what, size] of [
    ['nothing', 0],
    ['less than a part', 100_000],
    ['exactly a part', partBytes],
    ['several parts', 2 * partBytes + 1],
  ] as const) {
    it(`keeps ${what}, and gives it back as it was`, async () => {
      const store = open();
      const content = Buffer.alloc(size, 'snapshot');
      const key = `kept/${size}.snap`;
      expect(await store.put(key, streamOf(content, 70_001))).to.deep.equal({
        size,
        sha256: sha256(content),
      });
      expect((await store.head(key))?.size).to.equal(size);
      expect((await read(store, key)).equals(content)).to.equal(true);
      expect(await bucket.uploads(key)).to.deep.equal([]);
      await store.remove(key);
      expect(await store.head(key)).to.equal(undefined);
    });
  }

  it('keeps names that a URL would write otherwise', async () => {
    const store = open();
    const key = "kept/a b+c (1)!/~é%41/2.5.5+b1'*.snap";
    await store.put(key, streamOf(Buffer.from('odd')));
    expect((await read(store, key)).toString()).to.equal('odd');
    expect(await bucket.objects()).to.include(key);
    await store.remove(key);
  });

  it('says when an object was stored', async () => {
    const store = open();
    await store.put('kept/dated', streamOf(Buffer.from('x')));
    const modifiedAt = (await store.head('kept/dated'))?.modifiedAt ?? '';
    expect(Math.abs(Date.parse(modifiedAt) - Date.now())).to.be.below(60_000);
  });

  it('removes what is not there without an error', async () => {
    await open().remove('kept/never-there');
  });

  it('passes a probe, of which nothing stays', async () => {
    await open({ pathPrefix: '/probed/deep/' }).probe();
    expect((await bucket.objects()).filter((key) => key.startsWith('probed/'))).to.deep.equal([]);
  });

  it('refuses names that would lead elsewhere', async () => {
    for (const key of ['../other', 'a//b', '/a', 'a/./b', '']) {
      expect((await failureOf(open().put(key, streamOf(Buffer.from('x'))))).reason, key).to.equal(
        'InvalidTarget',
      );
    }
  });

  describe('that cannot be used', () => {
    const large = () => streamOf(Buffer.alloc(2 * partBytes, 'x'));

    for (const [what, credentials] of [
      ['secret', { secretAccessKey: 'wrong' }],
      ['access key', { accessKeyId: 'nobody' }],
    ] as const) {
      it(`says WrongCredentials for a wrong ${what}`, async () => {
        const store = open({}, credentials);
        for (const work of [() => store.probe(), () => store.put('k', large()), () => read(store, 'k')]) {
          const error = await failureOf(work());
          expect(error.reason).to.equal('WrongCredentials');
          expect(error.message).to.contain('spec.backup.target.credentialsSecretRef');
          expect(error.message).not.to.contain('not-a-secret');
        }
      });
    }

    it('says WrongCredentials for a session token that the store did not give', async () => {
      expect((await failureOf(open({}, { sessionToken: 'made-up' }).probe())).reason).to.equal(
        'WrongCredentials',
      );
    });

    it('says WrongCredentials when there are none', () => {
      expect(() => open({}, { accessKeyId: undefined }))
        .to.throw('accessKeyId')
        .with.property('reason', 'WrongCredentials');
    });

    it('says BucketMissing when the bucket is not there', async () => {
      const store = open({ bucket: 'elsewhere' });
      for (const work of [() => store.probe(), () => store.put('k', large()), () => read(store, 'k')]) {
        const error = await failureOf(work());
        expect(error.reason).to.equal('BucketMissing');
        expect(error.message).to.contain('in bucket elsewhere').and.to.contain('Create the bucket');
      }
    });

    it('says CertificateUntrusted for another CA, and for none', async () => {
      const other = await createCertificateAuthority('another');
      for (const ca of [other.certificate, undefined]) {
        const error = await failureOf(open({}, { ca }).probe());
        expect(error.reason).to.equal('CertificateUntrusted');
        expect(error.message).to.contain('spec.backup.target.caSecretRef');
      }
    });

    it('says CertificateUntrusted at an address that the certificate does not carry', async () => {
      const proxy = await startStallingProxy(minio.port, '127.0.0.2');
      try {
        const error = await failureOf(open({ endpoint: `https://127.0.0.2:${proxy.port}` }).probe());
        expect(error.reason).to.equal('CertificateUntrusted');
      } finally {
        await proxy.close();
      }
    });

    it('says InvalidTarget for a CA that is no certificate', () => {
      expect(() => open({}, { ca: 'not PEM' }))
        .to.throw('caSecretRef')
        .with.property('reason', 'InvalidTarget');
    });

    it('says InvalidTarget when it speaks no TLS', async () => {
      const server = createServer((_request, response) => response.end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = server.address() as AddressInfo;
        const error = await failureOf(open({ endpoint: `https://127.0.0.1:${port}` }).probe());
        expect(error.reason).to.equal('InvalidTarget');
        expect(error.message).to.contain('spec.backup.target.endpoint');
      } finally {
        server.close();
      }
    });

    it('says Unreachable when nothing listens there, or the name is unknown', async () => {
      const [port = 0] = await freePorts(1);
      for (const endpoint of [`https://127.0.0.1:${port}`, 'https://store.invalid']) {
        const error = await failureOf(open({ endpoint }).probe());
        expect(error.reason).to.equal('Unreachable');
        expect(error.message).to.contain(endpoint).and.to.contain('NetworkPolicies');
      }
    });

    it('says NotFound for an object that is not there', async () => {
      expect((await failureOf(read(open(), 'nothing/here'))).reason).to.equal('NotFound');
    });

    it('gives an error of the content as it is', async () => {
      const broken = new Error('the disk of the spool is gone');
      async function* breaking(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(partBytes + 1);
        throw broken;
      }
      expect(await failureOf(open().put('broken', breaking()))).to.equal(broken);
      expect(await bucket.uploads('broken')).to.deep.equal([]);
    });
  });

  describe('whose put is aborted', () => {
    it('keeps neither an object nor the parts of one', async () => {
      const ending = new AbortController();
      const reason = new Error('enough');
      let uploads: readonly string[] = [];
      async function* content(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(partBytes);
        yield Buffer.alloc(partBytes);
        uploads = await bucket.uploads('aborted');
        ending.abort(reason);
        await new Promise(() => {});
      }
      const error = await failureOf(open().put('aborted', content(), { signal: ending.signal }));
      expect(error).to.equal(reason);
      expect(uploads, 'while it went on').to.deep.equal(['aborted']);
      expect(await bucket.uploads('aborted')).to.deep.equal([]);
      expect(await open().head('aborted')).to.equal(undefined);
    });

    it('asks nothing when it was aborted before', async () => {
      const error = await failureOf(
        open().put('aborted', streamOf(Buffer.from('x')), { signal: AbortSignal.abort(new Error('before')) }),
      );
      expect(error.message).to.equal('before');
    });
  });

  describe('that stalls', () => {
    let proxy: StallingProxy;
    let behindProxy: (stallMs?: number) => ObjectStore;

    beforeEach(async () => {
      proxy = await startStallingProxy(minio.port);
      behindProxy = (stallMs = 500) => open({ endpoint: `https://127.0.0.1:${proxy.port}` }, {}, stallMs);
    });

    afterEach(() => proxy.close());

    it('ends every call as Stalled', async () => {
      await open().put('stalling', streamOf(Buffer.alloc(mebibyte)));
      for (const call of [
        (store: ObjectStore) => store.probe(),
        (store: ObjectStore) => store.put('k', streamOf(Buffer.alloc(2 * partBytes))),
        (store: ObjectStore) => read(store, 'stalling'),
        (store: ObjectStore) => store.head('stalling'),
        (store: ObjectStore) => store.remove('stalling'),
      ]) {
        proxy.stallAfter(0);
        const error = await failureOf(call(behindProxy()));
        expect(error.reason).to.equal('Stalled');
        expect(error.message).to.contain('moved no byte for 0.5 s');
      }
    });

    it('ends a put in the middle of a part, and takes the upload back once it answers again', async () => {
      let uploads: readonly string[] = [];
      async function* content(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(partBytes);
        uploads = await bucket.uploads('half');
        proxy.stallPresentAfter(partBytes / 2);
        yield Buffer.alloc(partBytes);
      }
      expect((await failureOf(behindProxy(3_000).put('half', content()))).reason).to.equal('Stalled');
      expect(uploads, 'while it went on').to.deep.equal(['half']);
      expect(await bucket.uploads('half')).to.deep.equal([]);
    });

    it('lets go as soon as its caller does', async () => {
      proxy.stallAfter(0);
      const store = open({ endpoint: `https://127.0.0.1:${proxy.port}` }, {}, 600_000);
      const error = await failureOf(store.head('k', { signal: AbortSignal.timeout(100) }));
      expect(error.name).to.equal('TimeoutError');
    });

    it('is not one whose reader takes its time', async () => {
      await open().put('slowly', streamOf(Buffer.alloc(4 * mebibyte)));
      let size = 0;
      for await (const chunk of behindProxy().get('slowly')) {
        if (size === 0) await new Promise((resolve) => setTimeout(resolve, 1_000));
        size += chunk.byteLength;
      }
      expect(size).to.equal(4 * mebibyte);
    });
  });

  describe('on a full disk', () => {
    let disk: SmallDisk;
    let full: Minio;

    before(async function () {
      disk = await ownSmallDisk(this, 24);
      full = await ownMinio(this, { data: disk.path });
    });

    after(async () => {
      await full?.stop();
      await disk?.stop();
    });

    it('says NoSpace, and keeps nothing of it', async () => {
      const store = openStore(full.target, full.credentials, { partBytes });
      try {
        const error = await failureOf(store.put('large', streamOf(Buffer.alloc(40 * mebibyte))));
        expect(error.reason).to.equal('NoSpace');
        expect(error.message).to.contain('Make room in the store');
        expect(await bucketOf(full).objects()).to.deep.equal([]);
      } finally {
        await store.close();
      }
    });
  });
});
