import { expect } from 'chai';
import { once } from 'node:events';
import https from 'node:https';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { known } from '../../src/core/model/known.ts';
import { ask, openRaw, postHead, reviewIn, send } from './support/client.ts';
import { clusterReview } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';

const path = '/validate/openbaoclusters';

/** A server whose answers to a change of version wait until the test lets them go. */
async function startHeldServer(drainMs: number): Promise<{ server: TestServer; held: (() => void)[] }> {
  const held: (() => void)[] = [];
  const server = await startTestServer({
    drainMs,
    facts: { volumes: () => new Promise((resolve) => held.push(() => resolve(known([])))) },
  });
  return { server, held };
}
const slow = () => clusterReview({ spec: { version: '2.6.0' } });
const quick = () => clusterReview({ spec: { version: 'latest' }, oldSpec: { version: 'latest' } });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('the end of the server', () => {
  it('answers what is under way, and ends its connection after it', async () => {
    const { server, held } = await startHeldServer(50);
    const agent = new https.Agent({ keepAlive: true });
    const review = slow();
    const answer = send(server, { path, body: JSON.stringify(review), agent });
    await until(() => held.length === 1);
    const closed = server.close();
    await sleep(150); // the server listens no more, and waits for this answer alone
    held[0]!();
    const { headers } = await answer;
    expect(reviewIn(await answer, review).allowed).to.equal(true);
    expect(headers.connection).to.equal('close');
    await closed;
  });

  it('answers what comes during the drain, on open connections and on new ones, and ends each after it', async () => {
    const server = await startTestServer({ drainMs: 500 });
    const connectionAfter = async (agent: https.Agent): Promise<string | undefined> => {
      const review = quick();
      const answer = await send(server, { path, body: JSON.stringify(review), agent });
      expect(reviewIn(answer, review).allowed).to.equal(true);
      return answer.headers.connection;
    };
    const open = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const fresh = new https.Agent({ keepAlive: true });
    expect(await connectionAfter(open)).to.equal('keep-alive');
    const closed = server.close();
    expect(await connectionAfter(open)).to.equal('close');
    expect(await connectionAfter(fresh)).to.equal('close');
    await closed;
  });

  it('is not held up by connections that are idle or have not said anything', async function () {
    const server = await startTestServer();
    const agent = new https.Agent({ keepAlive: true });
    await ask(server, path, quick(), agent);
    const { ended } = await openRaw(server);
    await server.close();
    await ended;
    agent.destroy();
  });

  it('is held up by a handshake that never ends for no longer than a handshake may take', async () => {
    const server = await startTestServer({ requestTimeoutMs: 300 });
    const unshaken = net.connect(server.port, '127.0.0.1');
    await once(unshaken, 'connect');
    await server.close();
    unshaken.destroy();
  });

  it('is held up by a body that never ends for no longer than a request may take', async function () {
    const server = await startTestServer({ requestTimeoutMs: 300 });
    const { socket } = await openRaw(server);
    socket.write(postHead(path, { 'Content-Length': 1_000 }));
    await sleep(50);
    await server.close();
  });

  it('listens no more, for webhooks nor probes', async () => {
    const server = await startTestServer();
    await server.close();
    for (const port of [server.port, server.statusPort]) {
      const socket = net.connect(port, '127.0.0.1');
      const [error] = (await once(socket, 'error').catch((caught: unknown) => [caught])) as [
        NodeJS.ErrnoException,
      ];
      expect(error.code).to.equal('ECONNREFUSED');
    }
  });

  it('is the same end when asked for again, during it and after it', async () => {
    const { server, held } = await startHeldServer(0);
    const answer = ask(server, path, slow());
    await until(() => held.length === 1);
    let ended = 0;
    const closings = [server.close(), server.close()].map((closed) => closed.then(() => ended++));
    await sleep(50);
    expect(ended, 'both wait for the last answer').to.equal(0);
    held[0]!();
    await Promise.all([...closings, answer]);
    await server.close();
  });

  it('loses nothing that 50 clients ask until they are told to go elsewhere', async function () {
    const server = await startTestServer({ drainMs: 300 });
    const agents = Array.from({ length: 50 }, () => new https.Agent({ keepAlive: true, maxSockets: 1 }));
    const answered: (string | undefined)[] = [];
    const connected = new Set<https.Agent>();
    const clients = agents.map(async (agent) => {
      let connection: string | undefined;
      // As the API server does: over its open connection, until an answer ends it and other endpoints are there.
      while (connection !== 'close') {
        const review = quick();
        const answer = await send(server, { path, body: JSON.stringify(review), agent });
        expect(reviewIn(answer, review).allowed).to.equal(true);
        ({ connection } = answer.headers);
        answered.push(connection);
        connected.add(agent);
      }
    });
    // A handshake that is still under way when the drain is over is cut, and may be.
    await until(() => answered.length > 200 && connected.size === agents.length);
    await Promise.all([server.close(), ...clients]);
    expect(answered.filter((connection) => connection === 'close')).to.have.lengthOf(50);
    expect(server.log.filter(({ level }) => level >= 40)).to.deep.equal([]);
  });
});
