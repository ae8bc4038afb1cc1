import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { expect } from 'chai';
import {
  ApiError,
  connect,
  type Call,
  type KubernetesClient,
} from '../../../src/io/kubernetes/kubernetes.ts';
import { createCertificateAuthority, type CertificateAuthority } from '../../support/certificates.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('talking to the Kubernetes API', () => {
  let directory: string;
  let server: https.Server;
  let authority: CertificateAuthority;
  let connections: number;
  let seen: { readonly line: string; readonly headers: http.IncomingHttpHeaders; readonly body: string }[];
  let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
  let clients: KubernetesClient[];

  before(async () => {
    authority = await createCertificateAuthority('first');
  });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rollguard-client-'));
    [connections, seen, clients] = [0, [], []];
    answer = (_request, response) => response.end('{}');
    server = await listen(authority, ['127.0.0.1', 'localhost']);
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    stop(server);
    rmSync(directory, { recursive: true });
    mock.timers.reset();
  });

  async function listen(
    by: CertificateAuthority,
    addresses: readonly string[],
    port = 0,
  ): Promise<https.Server> {
    const { certificate, key } = await by.issue({ kind: 'server', name: 'api', addresses });
    const listening = https.createServer({ cert: certificate, key }, (request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
        answer(request, response);
      });
    });
    listening.on('secureConnection', () => (connections += 1));
    listening.listen(port, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  }

  function stop(one: https.Server): void {
    one.closeAllConnections();
    one.close();
  }

  interface Changes {
    readonly cluster?: object;
    readonly user?: object;
    readonly path?: string;
  }

  function open({ cluster, user = {}, path = '' }: Changes = {}): KubernetesClient {
    const { port } = server.address() as AddressInfo;
    const trust = cluster ?? { 'certificate-authority-data': base64(authority.certificate) };
    const kubeconfig = join(directory, 'kubeconfig');
    const config = {
      'current-context': 'it',
      contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
      clusters: [{ name: 'it', cluster: { server: `https://127.0.0.1:${port}${path}`, ...trust } }],
      users: [{ name: 'it', user }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const client = connect({ kubeconfig });
    clients.push(client);
    return client;
  }

  const json = (status: number, body: unknown, headers: http.OutgoingHttpHeaders = {}) =>
    ((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    }) satisfies typeof answer;

  const failureOf = (call: Promise<unknown>): Promise<ApiError> =>
    call.then(
      () => expect.fail('the call succeeded'),
      (error: unknown) => {
        expect(error).to.be.instanceOf(ApiError);
        return error as ApiError;
      },
    );

  describe('a call', () => {
    it('gives the object as the server sent it, with every field', async () => {
      const pod = { metadata: { name: 'p', 'x-new': { deep: [1] } }, unheardOf: true };
      answer = json(200, pod);
      expect(await open().get('/api/v1/namespaces/n/pods/p')).to.deep.equal(pod);
      expect(seen.map(({ line }) => line)).to.deep.equal(['GET /api/v1/namespaces/n/pods/p']);
    });

    it('is undefined for an object that is not there, and only by get', async () => {
      answer = json(404, { reason: 'NotFound', message: 'pods "p" not found' });
      expect(await open().get('/api/v1/namespaces/n/pods/p')).to.equal(undefined);
      const { status, reason } = await failureOf(open().list('/api/v1/pods'));
      expect({ status, reason }).to.deep.equal({ status: 404, reason: 'NotFound' });
    });

    const bodies: {
      name: string;
      make: (client: KubernetesClient) => Promise<unknown>;
      line: string;
      type: string;
    }[] = [
      {
        name: 'create',
        make: (client) => client.create('/c', { a: 1 }),
        line: 'POST /c',
        type: 'application/json',
      },
      {
        name: 'update',
        make: (client) => client.update('/c/x', { a: 1 }),
        line: 'PUT /c/x',
        type: 'application/json',
      },
      {
        name: 'apply',
        make: (client) => client.apply('/c/x', { a: 1 }, { fieldManager: 'me', query: { dryRun: 'All' } }),
        line: 'PATCH /c/x?dryRun=All&fieldManager=me&force=false',
        type: 'application/apply-patch+yaml',
      },
      {
        name: 'a merge patch',
        make: (client) => client.request({ method: 'PATCH', path: '/c/x', body: { a: 1 } }),
        line: 'PATCH /c/x',
        type: 'application/merge-patch+json',
      },
      {
        name: 'another kind of patch',
        make: (client) =>
          client.request({
            method: 'PATCH',
            path: '/c/x',
            body: { a: 1 },
            contentType: 'application/json-patch+json',
          }),
        line: 'PATCH /c/x',
        type: 'application/json-patch+json',
      },
      {
        name: 'remove',
        make: (client) => client.remove('/c/x', { body: { a: 1 } }),
        line: 'DELETE /c/x',
        type: 'application/json',
      },
    ];
    for (const { name, make, line, type } of bodies) {
      it(`sends ${name} as Kubernetes wants it`, async () => {
        await make(open());
        expect(seen).to.have.length(1);
        expect(seen[0]).to.deep.include({ line, body: '{"a":1}' });
        expect(seen[0]?.headers['content-type']).to.equal(type);
      });
    }

    it('goes below the path of the server, if it has one', async () => {
      await open({ path: '/k8s/clusters/c-1/' }).get('/version');
      expect(seen[0]?.line).to.equal('GET /k8s/clusters/c-1/version');
    });
  });

  describe('a list', () => {
    it('is read page by page', async () => {
      answer = (request, response) => {
        const next = new URL(request.url ?? '', 'https://x').searchParams.get('continue');
        const pages: Record<string, object> = {
          '': { metadata: { continue: 'a b' }, items: [1, 2] },
          'a b': { metadata: { continue: 'c' }, items: [3] },
          c: { metadata: {}, items: [4] },
        };
        json(200, pages[next ?? ''])(request, response);
      };
      expect(await open().list('/pods', { query: { labelSelector: 'a=b' } })).to.deep.equal([1, 2, 3, 4]);
      expect(seen.map(({ line }) => line)).to.deep.equal([
        'GET /pods?labelSelector=a%3Db&limit=500',
        'GET /pods?labelSelector=a%3Db&limit=500&continue=a+b',
        'GET /pods?labelSelector=a%3Db&limit=500&continue=c',
      ]);
    });

    it('may be empty', async () => {
      answer = json(200, { items: null });
      expect(await open().list('/pods')).to.deep.equal([]);
    });

    it('begins anew, in one piece, when the server has forgotten the place', async () => {
      answer = (request, response) => {
        if (request.url?.includes('continue')) json(410, { reason: 'Expired' })(request, response);
        else if (request.url?.includes('limit'))
          json(200, { metadata: { continue: 'x' }, items: [1] })(request, response);
        else json(200, { items: [7, 8] })(request, response);
      };
      expect(await open().list('/pods')).to.deep.equal([7, 8]);
    });
  });

  describe('an error', () => {
    it('names the call and what the server said', async () => {
      const message = 'secrets is forbidden: User "x" cannot list resource "secrets"';
      answer = json(403, { kind: 'Status', reason: 'Forbidden', message });
      const error = await failureOf(open().list('/api/v1/secrets'));
      expect(error.message).to.equal(`GET /api/v1/secrets: 403 Forbidden ${message}`);
      expect(error).to.include({ code: 'KUBERNETES_API_ERROR', status: 403, reason: 'Forbidden' });
    });

    it('says when the server asks to come back', async () => {
      answer = json(429, { reason: 'TooManyRequests', details: { retryAfterSeconds: 3 } });
      expect((await failureOf(open().create('/x', {}))).retryAfterSeconds).to.equal(3);
      answer = json(429, {}, { 'retry-after': '7' });
      expect((await failureOf(open().create('/x', {}))).retryAfterSeconds).to.equal(7);
      answer = json(500, {});
      expect((await failureOf(open().create('/x', {}))).retryAfterSeconds).to.equal(undefined);
    });

    it('of a proxy in between is shown as text', async () => {
      answer = (_request, response) => response.writeHead(502).end('<html>bad gateway</html>');
      expect((await failureOf(open().create('/x', {}))).message).to.equal(
        'POST /x: 502 <html>bad gateway</html>',
      );
      for (const odd of ['null', '7', '"text"', '[]', '{"reason":5,"message":{}}']) {
        answer = (_request, response) => response.writeHead(500).end(odd);
        expect((await failureOf(open().create('/x', {}))).status).to.equal(500);
      }
    });

    it('does not quote an answer that is not JSON: it may be a Secret', async () => {
      answer = (_request, response) => response.end('{"data": hunter2}');
      const error = await failureOf(open().get('/x'));
      expect(error.message).to.equal('GET /x: the server answered 200 with something that is not JSON');
      expect(error.cause).to.equal(undefined);
    });

    it('has status 0 when nobody listens', async () => {
      const client = open();
      stop(server);
      const error = await failureOf(client.get('/x'));
      expect(error).to.include({ status: 0, reason: 'Unreachable' });
      expect(error.message).to.match(/^GET \/x: .*ECONNREFUSED/);
    });

    it('comes when the answer takes longer than it may, even one that has begun', async () => {
      answer = (_request, response) => response.write('{"a":');
      const error = await failureOf(open().get('/x', { timeoutMs: 100 }));
      expect(error).to.include({ status: 0, reason: 'Timeout', message: 'GET /x: no answer within 100 ms' });
    });

    it('comes when the caller gives up', async () => {
      const caller = new AbortController();
      answer = () => caller.abort();
      const error = await failureOf(open().get('/x', { signal: caller.signal }));
      expect(error).to.include({ status: 0, reason: 'Unreachable' });
      expect(seen).to.have.length(1);
    });

    it('comes instead of an answer without end', async function () {
      answer = (_request, response) => {
        const chunk = Buffer.alloc(1024 * 1024, ' ');
        const write = () => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on('drain', write);
        write();
      };
      const error = await failureOf(open().get('/x', { timeoutMs: 15_000 }));
      expect(error).to.include({ status: 0, reason: 'Unreachable' });
    });
  });

  describe('connections', () => {
    it('are kept: a hundred calls one by one take no more than two', async () => {
      const client = open();
      for (let call = 0; call < 100; call += 1) await client.get('/x');
      // Two: the next call may begin before the last one's connection counts as free.
      expect(connections).to.be.within(1, 2);
    });

    it('speak HTTP/1.1, also to a server that prefers HTTP/2', async () => {
      const offered: string[][] = [];
      const { certificate, key } = await authority.issue({
        kind: 'server',
        name: 'api',
        addresses: ['127.0.0.1'],
      });
      const ALPNCallback = ({ protocols }: { protocols: string[] }) => {
        offered.push(protocols);
        return protocols.includes('h2') ? 'h2' : 'http/1.1';
      };
      const { port } = server.address() as AddressInfo;
      stop(server);
      await once(server, 'close');
      server = https.createServer({ cert: certificate, key, ALPNCallback }, (_request, response) =>
        response.end('{}'),
      );
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      expect(await open().get('/x')).to.deep.equal({});
      expect(offered).to.deep.equal([['http/1.1']]);
    });

    it('are at most sixteen', async () => {
      const client = open();
      await Promise.all(Array.from({ length: 100 }, () => client.get('/x')));
      expect(connections).to.be.within(2, 16);
      expect(seen).to.have.length(100);
    });

    it('that the server closes under a read are made again, once', async () => {
      let drops = 1;
      answer = (request, response) => {
        drops -= 1;
        if (drops >= 0) request.socket.destroy();
        else json(200, { ok: true })(request, response);
      };
      expect(await open().get('/x')).to.deep.equal({ ok: true });
      drops = 2;
      expect(await failureOf(open().get('/x'))).to.include({ status: 0 });
    });

    it('that the server closes under a write are not: it may have been done', async () => {
      answer = (request) => request.socket.destroy();
      expect(await failureOf(open().create('/x', {}))).to.include({ status: 0 });
      expect(seen).to.have.length(1);
    });

    it('end with close, which waits for calls under way', async () => {
      answer = (request, response) =>
        void setTimeout(() => json(200, { late: true })(request, response), 100);
      const client = open();
      const call = client.get('/x');
      await new Promise((resolve) => void setTimeout(resolve, 50));
      await client.close();
      expect(await call).to.deep.equal({ late: true });
    });
  });

  describe('trust and identity', () => {
    it('refuses a server whose CA it was not told', async () => {
      const other = await createCertificateAuthority('other');
      const client = open({ cluster: { 'certificate-authority-data': base64(other.certificate) } });
      expect((await failureOf(client.get('/x'))).message).to.match(/certificate/);
      expect(seen).to.have.length(0);
    });

    it('expects the name that tls-server-name gives', async () => {
      const ca = { 'certificate-authority-data': base64(authority.certificate) };
      await open({ cluster: { ...ca, 'tls-server-name': 'localhost' } }).get('/x');
      const client = open({ cluster: { ...ca, 'tls-server-name': 'elsewhere' } });
      expect((await failureOf(client.get('/x'))).message).to.contain(
        "Host: elsewhere. is not in the cert's altnames",
      );
    });

    it('trusts anybody where insecure-skip-tls-verify says so', async () => {
      await open({ cluster: { 'insecure-skip-tls-verify': true } }).get('/x');
      expect(seen).to.have.length(1);
    });

    it('sends nothing over plain HTTP', async () => {
      const client = open({ cluster: { server: 'http://127.0.0.1:1' } });
      expect((await failureOf(client.get('/x'))).message).to.contain('HTTP protocol is not allowed');
    });

    it('follows a CA file that changes, and with it a new server', async () => {
      const file = join(directory, 'ca.crt');
      writeFileSync(file, authority.certificate);
      const client = open({ cluster: { 'certificate-authority': file } });
      await client.get('/x');
      const { port } = server.address() as AddressInfo;
      stop(server);
      await once(server, 'close');
      const next = await createCertificateAuthority('next');
      server = await listen(next, ['127.0.0.1'], port);
      expect((await failureOf(client.get('/x'))).message).to.match(/certificate|signature/);
      writeFileSync(file, next.certificate);
      expect(await client.get('/x')).to.deep.equal({});
    });

    it('reads a token file again within two minutes', async () => {
      mock.timers.enable({ apis: ['Date'], now: Date.now() });
      const tokenFile = join(directory, 'token');
      writeFileSync(tokenFile, 'first\n');
      const client = open({ user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } });
      await client.get('/x');
      writeFileSync(tokenFile, 'second\n');
      mock.timers.tick(120_000);
      await client.get('/x');
      expect(seen.map(({ headers }) => headers.authorization)).to.deep.equal([
        'Bearer first',
        'Bearer second',
      ]);
    });

    it('presents a token, a password, or who is impersonated', async () => {
      await open({ user: { token: 't' } }).get('/x');
      await open({ user: { username: 'u', password: 'p' } }).get('/x');
      await open({ user: { token: 't', as: 'jane' } }).get('/x');
      expect(seen.map(({ headers }) => headers.authorization)).to.deep.equal([
        'Bearer t',
        'Basic dTpw',
        'Bearer t',
      ]);
      expect(seen[2]?.headers['impersonate-user']).to.equal('jane');
    });

    it('gets credentials from the command that the kubeconfig names', async () => {
      const credential = {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        status: { token: 'made' },
      };
      const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] };
      await open({ user: { exec } }).get('/x');
      expect(seen[0]?.headers.authorization).to.equal('Bearer made');
      const failing = open({ user: { exec: { ...exec, command: 'false' } } });
      expect((await failureOf(failing.get('/x'))).message).to.match(/^GET \/x: no credentials: /);
    });

    it('refuses a kubeconfig without a cluster, and a proxy it cannot use', async () => {
      const file = join(directory, 'empty');
      writeFileSync(file, '{"clusters":[],"users":[],"contexts":[]}');
      expect(() => connect({ kubeconfig: file })).to.throw('no current context with a cluster');
      const client = open({
        cluster: { 'proxy-url': 'socks5://127.0.0.1:1', 'insecure-skip-tls-verify': true },
      });
      expect((await failureOf(client.get('/x'))).message).to.contain('socks5://127.0.0.1:1 is not supported');
    });
  });

  it('lets callers build any call', async () => {
    const call: Call = { method: 'GET', path: '/version', query: { a: 'ä&' } };
    await open().request(call);
    expect(seen[0]?.line).to.equal('GET /version?a=%C3%A4%26');
  });
});
