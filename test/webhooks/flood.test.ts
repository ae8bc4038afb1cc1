import { expect } from 'chai';
import tls from 'node:tls';
import { getStatus, ask } from './support/client.ts';
import { clusterReview } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';

const path = '/validate/openbaoclusters';
const denied = () => clusterReview({ spec: { version: 'x' } });

/** A review that has to be refused, of about so many bytes, as the API server begins it. */
function body(bytes: number): Buffer {
  const { request } = denied();
  const spec = {
    version: 'x',
    selfInit: { requests: [{ name: 'a', operation: 'create', path: 'x', data: { x: 'x'.repeat(bytes) } }] },
  };
  const object = { ...request.object, spec };
  const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' };
  return Buffer.from(JSON.stringify({ ...review, request: { ...request, object } }));
}

/** What is answered to a body of which only the first bytes are sent; empty where the connection is cut. */
function answered(server: TestServer, whole: Buffer, sent: number, query = ''): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      host: '127.0.0.1',
      port: server.port,
      servername: 'localhost',
      ca: server.certificate.cert,
    });
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      if (received.includes('"response"') || received.includes('"Status"')) socket.end();
    });
    socket.on('error', () => resolve(received));
    socket.on('close', () => resolve(received));
    socket.write(
      `POST ${path}${query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${whole.length}\r\n\r\n`,
    );
    socket.write(whole.subarray(0, sent));
  });
}

describe('beside a flood', () => {
  let server: TestServer;
  beforeEach(async () => (server = await startTestServer({ mostConnections: 60 })));
  afterEach(() => server.close());

  const refused = async () =>
    (await getStatus(server, '/metrics')).text.match(/^rollguard_webhook_refused_total.*[1-9]\d*$/gm);

  it('ordinary reviews are answered, larger ones in their turn, and nothing unjudged is allowed', async () => {
    const large = body(3 * 1024 * 1024);
    const flood = [
      ...Array.from({ length: 20 }, () => answered(server, large, 64 * 1024, '?timeout=2s')),
      ...Array.from({ length: 10 }, () => answered(server, large, 400, '?timeout=2s')),
      ...Array.from({ length: 10 }, () => answered(server, body(10), 400, '?timeout=2s')),
    ];
    const dryRun = answered(server, large, large.length, '?timeout=20s');
    for (let turn = 0; turn < 20; turn++) {
      expect((await ask(server, path, denied())).status?.reason).to.equal('InvalidVersion');
    }
    for (const answer of await Promise.all(flood)) {
      expect(answer).not.to.contain('"allowed":true');
      expect(answer).to.match(
        /"allowed":false,"status":\{"code":503,"reason":"ServiceUnavailable","message":"[^"]*try again in a moment"/,
      );
    }
    expect(await dryRun).to.contain('"reason":"InvalidVersion"');
    expect((await refused())?.join()).to.contain('why="slow"');
  }).timeout(60_000);

  it('says so where too much is left of a review to judge it', async () => {
    const answer = await answered(
      server,
      Buffer.from(
        body(0)
          .toString()
          .replace('"version":"x"', `"version":"${'x'.repeat(2 * 1024 * 1024)}"`),
      ),
      3 * 1024 * 1024,
    );
    expect(answer)
      .to.contain('"code":413')
      .and.contain('what is to be judged of the body is larger than 1048576 bytes');
  });

  it('new connections take the place of those that never ask', async () => {
    const silent = Array.from({ length: 80 }, () => answered(server, body(10), 0));
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let turn = 0; turn < 5; turn++) {
      expect((await ask(server, path, denied())).status?.reason).to.equal('InvalidVersion');
    }
    expect((await refused())?.join()).to.contain('why="connections"');
    void silent;
  });
});
