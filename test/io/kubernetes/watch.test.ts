import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { ApiError, connect, type StreamingClient } from '../../../src/io/kubernetes/kubernetes.ts';
import { watch, type WatchEvent, type WatchOptions } from '../../../src/io/kubernetes/watch.ts';
import { createCertificateAuthority } from '../../support/certificates.ts';
import { writeKubeconfig } from '../../support/kubeconfig.ts';

const options: WatchOptions = { resourceVersion: '7', timeoutSeconds: 300, inactivityMs: 5_000 };
const event = (type: string, name: string) => JSON.stringify({ type, object: { metadata: { name } } });

async function collect(events: AsyncIterable<WatchEvent<object>>): Promise<readonly WatchEvent<object>[]> {
  const all: WatchEvent<object>[] = [];
  for await (const each of events) all.push(each);
  return all;
}

const failureOf = (watching: Promise<unknown>): Promise<ApiError> =>
  watching.then(
    () => expect.fail('the watch ended well'),
    (error: unknown) => {
      expect(error).to.be.instanceOf(ApiError);
      return error as ApiError;
    },
  );

/** Also one that is reset. */
const closed = (socket: Socket) => new Promise((resolve) => void socket.once('close', resolve));

describe('reading a watch', () => {
  const streaming = (...chunks: readonly Buffer[]): Pick<StreamingClient, 'stream'> => ({
    stream: () =>
      Promise.resolve(
        (async function* () {
          yield* chunks;
        })(),
      ),
  });
  const read = (text: string) => collect(watch(streaming(Buffer.from(text)), '/x', options));

  it('finds the events however the bytes are cut, in characters too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 8 }),
        fc.array(fc.nat(2_000), { maxLength: 20 }),
        async (names, cuts) => {
          const bytes = Buffer.from(names.map((name) => `${event('ADDED', name)}\n`).join(''));
          const at = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
          const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
          const events = await collect(watch(streaming(...chunks), '/x', options));
          expect(events).to.deep.equal(
            names.map((name) => ({ type: 'ADDED', object: { metadata: { name } } })),
          );
        },
      ),
    );
  });

  it('drops an event that is cut off, and a kind that it does not know', async () => {
    const text = `${event('ADDED', 'a')}\n\n${event('NEWFANGLED', 'b')}\n${event('BOOKMARK', 'c')}\n${event('ADDED', 'd')}`;
    expect((await read(text)).map(({ type }) => type)).to.deep.equal(['ADDED', 'BOOKMARK']);
  });

  it('fails as the server says in its stream', async () => {
    const gone = {
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message: 'too old resource version: 7 (99)',
    };
    const error = await failureOf(read(`${JSON.stringify({ type: 'ERROR', object: gone })}\n`));
    expect(error).to.include({ status: 410, reason: 'Expired' });
    expect(error.message).to.equal('watch /x: 410 Expired too old resource version: 7 (99)');
    for (const odd of [null, 7, {}, { code: 'x', reason: {} }])
      expect((await failureOf(read(`${JSON.stringify({ type: 'ERROR', object: odd })}\n`))).status).to.equal(
        500,
      );
  });

  it('does not quote what is not JSON: it may be a Secret', async () => {
    expect((await failureOf(read('{"data": hunter2}\n'))).message).not.to.contain('hunter2');
  });

  it('ends when an event has no end', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, ' ');
    const error = await failureOf(
      collect(watch(streaming(...Array.from({ length: 20 }, () => megabyte)), '/x', options)),
    );
    expect(error.message).to.contain('larger than');
  });
});

describe('a watch over TLS', () => {
  let directory: string;
  let server: https.Server;
  let client: StreamingClient;
  let seen: http.IncomingMessage[];
  let answer: (response: http.ServerResponse, request: http.IncomingMessage) => void;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rollguard-watch-'));
    const authority = await createCertificateAuthority('watch');
    const { certificate, key } = await authority.issue({
      kind: 'server',
      name: 'api',
      addresses: ['127.0.0.1'],
    });
    seen = [];
    server = https.createServer({ cert: certificate, key }, (request, response) => {
      seen.push(request);
      answer(response, request);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const kubeconfig = join(directory, 'kubeconfig');
    writeKubeconfig(kubeconfig, {
      server: `https://127.0.0.1:${port}`,
      authority: authority.certificate,
      ...(await authority.issue({ kind: 'client', user: 'me', groups: [] })),
    });
    client = connect({ kubeconfig });
  });

  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });

  const open = (changes: Partial<WatchOptions> = {}) =>
    watch(client, '/api/v1/pods', { ...options, ...changes });

  it('asks for bookmarks, a version and an end, beside what the caller wants', async () => {
    answer = (response) => response.end(`${event('ADDED', 'a')}\n`);
    await collect(open({ query: { labelSelector: 'a=b' }, accept: 'application/json;as=X' }));
    expect(seen[0]?.url).to.equal(
      '/api/v1/pods?labelSelector=a%3Db&watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300',
    );
    expect(seen[0]?.headers.accept).to.equal('application/json;as=X');
  });

  it('gives each event as it comes', async () => {
    let write = (_text: string) => {};
    answer = (response) => {
      write = (text) => void response.write(text);
      write(`${event('ADDED', 'a')}\n`);
    };
    const events = open();
    expect((await events.next()).value).to.deep.include({ type: 'ADDED' });
    write(`${event('DELETED', 'a')}\n`);
    expect((await events.next()).value).to.deep.include({ type: 'DELETED' });
    await events.return();
    await closed(seen[0]!.socket);
  });

  it('fails when it is refused', async () => {
    answer = (response) =>
      response.writeHead(410).end(JSON.stringify({ kind: 'Status', reason: 'Expired', message: 'too old' }));
    expect(await failureOf(collect(open()))).to.include({
      status: 410,
      message: 'GET /api/v1/pods: 410 Expired too old',
    });
  });

  it('fails when the connection breaks', async () => {
    answer = (response, request) => {
      response.write(`${event('ADDED', 'a')}\n`);
      setTimeout(() => request.socket.destroy(), 50);
    };
    expect(await failureOf(collect(open()))).to.include({ status: 0, reason: 'Unreachable' });
  });

  it('fails after silence, before the first byte and after it', async () => {
    answer = () => {};
    expect(await failureOf(collect(open({ inactivityMs: 1_000 })))).to.include({
      status: 0,
      reason: 'Timeout',
    });
    answer = (response) => response.write(`${event('ADDED', 'a')}\n`);
    expect(await failureOf(collect(open({ inactivityMs: 1_000 })))).to.include({
      status: 0,
      reason: 'Timeout',
    });
  });

  it('ends at the signal', async () => {
    answer = (response) => response.flushHeaders();
    const stopping = new AbortController();
    const watching = collect(open({ signal: stopping.signal }));
    await once(server, 'request');
    stopping.abort();
    expect(await failureOf(watching)).to.include({ status: 0 });
    await closed(seen[0]!.socket);
  });

  it('is ended when the client is closed', async () => {
    answer = (response) => response.flushHeaders();
    const watching = failureOf(collect(open()));
    await once(server, 'request');
    await client.close();
    expect(await watching).to.include({ status: 0 });
  });

  it('reads the server no faster than the events are taken', async () => {
    let written = 0;
    const line = `${event('ADDED', 'x'.repeat(100_000))}\n`;
    answer = (response) => {
      const write = () => {
        while (!response.destroyed && written < 2_000 * line.length) {
          written += line.length;
          if (!response.write(line)) return;
        }
      };
      response.on('drain', write);
      write();
    };
    const events = open();
    await events.next();
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    // What the kernel's buffers take on both sides is some megabytes.
    expect(written).to.be.below(1_000 * line.length);
    await events.return();
  });

  it('leaves the connections of calls free', async () => {
    answer = (response, request) =>
      request.url?.includes('watch=') === true ? response.flushHeaders() : void response.end('{}');
    const stopping = new AbortController();
    const watching = Array.from({ length: 30 }, () =>
      failureOf(collect(open({ signal: stopping.signal, inactivityMs: 60_000 }))),
    );
    while (seen.length < 30) await once(server, 'request');
    expect(await client.get('/x')).to.deep.equal({});
    stopping.abort();
    await Promise.all(watching);
  });
});
