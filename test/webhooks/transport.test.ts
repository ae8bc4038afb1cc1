import { expect } from 'chai';
import https from 'node:https';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, openRaw, postHead, reviewIn, send, statusesIn } from './support/client.ts';
import { clusterReview } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';

const path = '/validate/openbaoclusters';
const denied = () => clusterReview({ spec: { version: 'latest' } });
const requestTimeoutMs = 300;

describe('a client that does not behave', function () {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ requestTimeoutMs });
  });
  after(() => server.close());

  afterEach('does not stop others from being answered, nor break anything', async () => {
    expect((await ask(server, path, denied())).status?.reason).to.equal('InvalidVersion');
    expect(server.log.filter(({ level }) => level >= 50)).to.deep.equal([]);
  });

  describe('sends too much', () => {
    const tooLarge = 9 * 1024 * 1024;

    it('and is told 413 before it has sent it, where it says how much it will be', async () => {
      const { socket, ended } = await openRaw(server);
      socket.write(postHead(path, { 'Content-Length': tooLarge }));
      expect(statusesIn(await ended)).to.deep.equal([413]);
    });

    it('and is told 413 when it sends all of it, saying how much it is', async () => {
      const { status, headers, text } = await send(server, { path, body: Buffer.alloc(tooLarge, ' ') });
      expect(status).to.equal(413);
      expect(text).to.contain('larger than 8388608 bytes');
      expect(headers.connection).to.equal('close');
    });

    it('and is told 413 when it sends it in pieces without saying how much', async () => {
      const { socket, ended } = await openRaw(server);
      socket.write(postHead(path, { 'Transfer-Encoding': 'chunked' }));
      const piece = Buffer.concat([
        Buffer.from('10000\r\n'),
        Buffer.alloc(0x10000, ' '),
        Buffer.from('\r\n'),
      ]);
      for (let sent = 0; sent < tooLarge && socket.writable; sent += 0x10000) {
        if (!socket.write(piece)) await Promise.race([new Promise((go) => socket.once('drain', go)), ended]);
      }
      expect(statusesIn(await ended)).to.deep.equal([413]);
    });

    it('and is answered as usual one byte below the limit', async () => {
      const review = denied();
      const padded = (length: number) =>
        JSON.stringify(review).replace(
          '"metadata":{',
          `"metadata":{"managedFields":[{"f:${'x'.repeat(length)}":{}}],`,
        );
      const body = padded(8 * 1024 * 1024 - padded(0).length);
      expect(body.length).to.equal(8 * 1024 * 1024);
      // It takes longer than this file's other servers wait.
      const patient = await startTestServer();
      const answer = await send(patient, { path, body });
      await patient.close();
      expect(reviewIn(answer, review).status?.reason).to.equal('InvalidVersion');
    });
  });

  describe('sends too little', () => {
    const body = JSON.stringify(denied());

    it('and is cut off when the rest does not come in time', async () => {
      const { socket, ended } = await openRaw(server);
      socket.write(postHead(path, { 'Content-Length': body.length + 1 }) + body);
      expect(statusesIn(await ended)).to.deep.equal([408]);
    });

    it('and hangs up: nothing is left of it', async () => {
      for (const end of ['end', 'destroy'] as const) {
        const { socket, ended } = await openRaw(server);
        socket.write(postHead(path, { 'Content-Length': body.length + 1 }) + body);
        await sleep(50);
        socket[end]();
        expect(statusesIn(await ended)).not.to.include(200);
      }
    });

    it('and hangs up while it is being answered', async () => {
      const { socket, ended } = await openRaw(server);
      socket.write(postHead(path, { 'Content-Length': body.length }) + body);
      socket.destroy();
      await ended;
    });

    it('and is cut off when it sends the headers alone', async () => {
      const { socket, ended } = await openRaw(server);
      socket.write(postHead(path, { 'Content-Length': body.length }));
      expect(statusesIn(await ended)).to.deep.equal([408]);
    });

    it('and is cut off when it sends half of the headers', async () => {
      const { socket, ended } = await openRaw(server);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: local`);
      expect(statusesIn(await ended)).to.deep.equal([408]);
    });

    it('and is cut off when it sends a byte at a time, however long it goes on', async () => {
      const { socket, ended } = await openRaw(server);
      socket.write(postHead(path, { 'Content-Length': body.length }));
      let sent = 0;
      const dripping = setInterval(() => socket.write(body[sent++]!), 20);
      const answer = await ended;
      clearInterval(dripping);
      expect(statusesIn(answer)).to.deep.equal([408]);
      expect(sent).to.be.lessThan(body.length);
    });
  });

  it('keeps 200 connections half open: a good request is answered beside them, and they are cut in time', async () => {
    const unshaken = Array.from({ length: 200 }, () => net.connect(server.port, '127.0.0.1'));
    const cut = unshaken.map((socket) => new Promise((go) => socket.once('close', go)));
    const begun = await Promise.all(Array.from({ length: 20 }, () => openRaw(server)));
    for (const { socket } of begun) socket.write(postHead(path, { 'Content-Length': 1000 }));
    expect((await ask(server, path, denied())).allowed).to.equal(false);
    await Promise.all(cut);
    for (const { ended } of begun) expect(statusesIn(await ended)).to.deep.equal([408]);
  });

  it('speaks plain HTTP, or nothing like TLS, to the TLS port', async () => {
    for (const words of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\0'.repeat(2_000), '\x16\x03\x01\xff\xff']) {
      const socket = net.connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(words);
      socket.resume();
      await new Promise((go) => socket.once('close', go));
    }
  });

  it('asks for an absurd time-out, and is answered all the same', async () => {
    const absurd = [
      '',
      '0s',
      '-1s',
      '1ns',
      '99999999999999999999s',
      '1e9s',
      '10',
      'x',
      '1s1s',
      '%zz',
      '🙂',
      '9'.repeat(10_000),
    ];
    for (const timeout of absurd) {
      const review = denied();
      const answer = await send(server, {
        path: `${path}?timeout=${encodeURI(timeout)}`,
        body: JSON.stringify(review),
      });
      expect(reviewIn(answer, review).status?.reason, timeout.slice(0, 20)).to.equal('InvalidVersion');
    }
  });

  it('asks twice, or for other things, in the query, and is answered all the same', async () => {
    for (const query of [
      '?',
      '??',
      '?timeout=1s&timeout=2s',
      '?timeout[]=1s',
      '?__proto__[x]=1',
      `?${'a&'.repeat(5_000)}`,
    ]) {
      const review = denied();
      const answer = await send(server, { path: path + query, body: JSON.stringify(review) });
      expect(reviewIn(answer, review).status?.reason, query.slice(0, 20)).to.equal('InvalidVersion');
    }
  });
});

describe('HTTP as it may also be spoken', () => {
  let server: TestServer;
  const body = JSON.stringify(denied());
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  /** Writes all of it at once, and reads until the server closes the connection. */
  const exchange = async (text: string): Promise<string> => {
    const { socket, ended } = await openRaw(server);
    socket.write(text);
    return ended;
  };

  it('in version 1.0: one answer, and the connection ends', async () => {
    const head = `POST ${path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const received = await exchange(head + body);
    expect(statusesIn(received)).to.deep.equal([200]);
    expect(received).to.contain('InvalidVersion');
  });

  it('in a row without waiting: each is answered, in order', async () => {
    const reviews = [denied(), clusterReview({ spec: { version: '2.5.6' } }), denied()];
    const requests = reviews.map((review, index) => {
      const json = JSON.stringify(review);
      const last = index === reviews.length - 1;
      return (
        postHead(path, { 'Content-Length': json.length, ...(last ? { Connection: 'close' } : {}) }) + json
      );
    });
    const received = await exchange(requests.join(''));
    expect(statusesIn(received)).to.deep.equal([200, 200, 200]);
    const uids = [...received.matchAll(/"uid":"([^"]+)","allowed":(true|false)/g)].map(([, uid, allowed]) => [
      uid,
      allowed,
    ]);
    expect(uids).to.deep.equal([
      [reviews[0]!.request.uid, 'false'],
      [reviews[1]!.request.uid, 'true'],
      [reviews[2]!.request.uid, 'false'],
    ]);
  });

  it('in a row behind one that is refused unread: its body is never taken for a request', async () => {
    const smuggled = postHead(path, { 'Content-Length': body.length }) + body;
    const refused = postHead(path, {
      'Content-Length': smuggled.length,
      'Content-Encoding': 'gzip',
      Connection: 'close',
    });
    expect(statusesIn(await exchange(refused + smuggled))).to.deep.equal([415]);
  });

  it('with Expect: 100-continue: told to go on, then answered', async () => {
    const { socket, received, ended } = await openRaw(server);
    socket.write(
      postHead(path, { 'Content-Length': body.length, Expect: '100-continue', Connection: 'close' }),
    );
    while (!received().includes('100 Continue')) await sleep(5);
    socket.write(body);
    expect(statusesIn(await ended)).to.deep.equal([100, 200]);
  });

  it('in chunks, as small as they get, with extensions and trailers', async () => {
    const chunks = [...body].map((byte) => `1;name=value\r\n${byte}\r\n`).join('');
    const head = postHead(path, { 'Transfer-Encoding': 'chunked', Trailer: 'X-After', Connection: 'close' });
    const received = await exchange(`${head}${chunks}0\r\nX-After: yes\r\n\r\n`);
    expect(statusesIn(received)).to.deep.equal([200]);
    expect(received).to.contain('InvalidVersion');
  });

  const refusedHeads: { name: string; headers: Record<string, string | number> }[] = [
    {
      name: 'a length and chunks',
      headers: { 'Content-Length': body.length, 'Transfer-Encoding': 'chunked' },
    },
    { name: 'chunks that are not last', headers: { 'Transfer-Encoding': 'chunked, gzip' } },
    { name: 'an unknown transfer encoding', headers: { 'Transfer-Encoding': 'cow' } },
    { name: 'a negative length', headers: { 'Content-Length': -1 } },
    { name: 'a length that is no number', headers: { 'Content-Length': '1e3' } },
    { name: 'a length beyond any number', headers: { 'Content-Length': '9'.repeat(30) } },
    { name: 'two lengths', headers: { 'Content-Length': body.length, 'content-length': 3 } },
    {
      name: 'an expectation nobody can meet',
      headers: { 'Content-Length': body.length, Expect: 'a miracle', Connection: 'close' },
    },
    { name: 'headers of 100 kB', headers: { 'Content-Length': body.length, 'X-Large': 'x'.repeat(100_000) } },
    {
      name: 'a length and the wish to speak HTTP/2',
      headers: { 'Content-Length': 0, Upgrade: 'h2c', Connection: 'Upgrade, close' },
    },
  ];
  for (const { name, headers } of refusedHeads) {
    it(`with ${name}: refused`, async () => {
      const statuses = statusesIn(await exchange(postHead(path, headers) + body));
      expect(statuses).to.have.lengthOf(1);
      expect(statuses[0]).to.be.within(400, 431);
    });
  }

  it('without a Host, or as nonsense: refused', async () => {
    for (const text of [
      `POST ${path} HTTP/1.1\r\n\r\n`,
      'HELLO\r\n\r\n',
      `POST ${path} HTTP/3.0\r\n\r\n`,
      '\r\n\r\n\r\nX',
    ]) {
      expect(statusesIn(await exchange(`${text}${' '.repeat(10)}`)), text).to.deep.equal([400]);
    }
  });

  it('over one connection again and again, which is kept for longer than the API server keeps it', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    agent.on('free', (socket: net.Socket) => ports.add(socket.localPort));
    for (let times = 0; times < 3; times++) {
      const review = denied();
      const answer = await send(server, { path, body: JSON.stringify(review), agent });
      reviewIn(answer, review);
      const seconds = Number(/timeout=(\d+)/.exec(String(answer.headers['keep-alive']))?.[1]);
      expect(seconds).to.be.greaterThan(120);
    }
    agent.destroy();
    expect(ports.size).to.equal(1);
  });
});
