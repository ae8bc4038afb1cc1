import { expect } from 'chai';
import { openStore, type ObjectStore } from '../../../src/io/object-store.ts';
import { startBusyStore, type BusyStore } from '../../support/busy-store-simulated.ts';
import { failureOf } from '../../support/failure.ts';
import { streamOf } from '../../support/snapshot-archive.ts';

const partBytes = 1024;
const errorXml = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>It &lt;is&gt; so.</Message></Error>`;

describe('a call to an S3 store', () => {
  let busy: BusyStore | undefined;
  let store: ObjectStore | undefined;

  afterEach(async () => {
    await store?.close();
    await busy?.close();
  });

  async function open(answer: Parameters<typeof startBusyStore>[0]): Promise<ObjectStore> {
    busy = await startBusyStore(answer);
    store = openStore(
      { provider: 's3', endpoint: busy.endpoint, bucket: 'b', usePathStyle: true },
      { accessKeyId: 'key', secretAccessKey: 'secret' },
      { partBytes },
    );
    return store;
  }

  it('is tried again while the store is busy', async () => {
    const opened = await open((_request, response, number) => {
      response.writeHead(number < 2 ? 503 : 200).end(number < 2 ? errorXml('SlowDown') : '');
    });
    await opened.put('k', streamOf(Buffer.from('x')));
    expect(busy?.requests).to.deep.equal(['PUT /b/k', 'PUT /b/k', 'PUT /b/k']);
  });

  it('fails as Refused when the store stays busy', async () => {
    const opened = await open((_request, response) => response.writeHead(503).end(errorXml('SlowDown')));
    const error = await failureOf(opened.put('k', streamOf(Buffer.from('x'))));
    expect(error.reason).to.equal('Refused');
    expect(error.message).to.contain('503 SlowDown: It <is> so. See');
    expect(busy?.requests).to.have.length(3);
  });

  it('is tried again when the connection breaks', async () => {
    const opened = await open((request, response, number) => {
      if (number === 0) request.socket.destroy();
      else response.end();
    });
    await opened.put('k', streamOf(Buffer.from('x')));
    expect(busy?.requests).to.deep.equal(['PUT /b/k', 'PUT /b/k']);
  });

  it('is not tried again when it is refused', async () => {
    const opened = await open((_request, response) => response.writeHead(400).end(errorXml('Whatever')));
    expect((await failureOf(opened.put('k', streamOf(Buffer.from('x'))))).reason).to.equal('Refused');
    expect(busy?.requests).to.deep.equal(['PUT /b/k']);
  });

  it('that begins an upload is not repeated when its answer is lost: nobody would end the first one', async () => {
    const opened = await open((request) => request.socket.destroy());
    const error = await failureOf(opened.put('k', streamOf(Buffer.alloc(partBytes))));
    expect(error.reason).to.equal('Unreachable');
    expect(busy?.requests).to.deep.equal(['POST /b/k?uploads=']);
  });

  it('that ends an upload is judged by its body, for its 200 comes first', async () => {
    const opened = await open((request, response) => {
      response.setHeader('etag', '"tag"');
      if (request.url === '/b/k?uploads=') response.end('<R><UploadId>u&amp;1</UploadId></R>');
      else response.end(request.method === 'POST' ? errorXml('InternalError') : '');
    });
    const error = await failureOf(opened.put('k', streamOf(Buffer.alloc(partBytes))));
    expect(error.reason).to.equal('Refused');
    expect(error.message).to.contain('200 InternalError');
    expect(busy?.requests).to.deep.equal([
      'POST /b/k?uploads=',
      'PUT /b/k?partNumber=1&uploadId=u%261',
      'POST /b/k?uploadId=u%261',
      'DELETE /b/k?uploadId=u%261',
    ]);
  });

  it('that may have ended an upload unheard is taken back', async () => {
    const opened = await open((request, response) => {
      response.setHeader('etag', '"tag"');
      if (request.url === '/b/k?uploads=') response.end('<R><UploadId>u</UploadId></R>');
      else if (request.method === 'POST') request.socket.destroy();
      else if (request.url === '/b/k?uploadId=u') response.writeHead(404).end(errorXml('NoSuchUpload'));
      else response.end();
    });
    expect((await failureOf(opened.put('k', streamOf(Buffer.alloc(partBytes))))).reason).to.equal(
      'Unreachable',
    );
    expect(busy?.requests.slice(-2)).to.deep.equal(['DELETE /b/k?uploadId=u', 'DELETE /b/k']);
  });

  it('names another region as the reason when the store does', async () => {
    const opened = await open((_request, response) =>
      response.writeHead(301).end(errorXml('PermanentRedirect')),
    );
    const error = await failureOf(opened.probe());
    expect(error.reason).to.equal('InvalidTarget');
    expect(error.message).to.contain('spec.backup.target.region');
    expect(busy?.requests).to.have.length(1);
  });
});
