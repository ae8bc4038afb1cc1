import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { KeyPair } from '../../certs/material.ts';
import { caAt, leafAt } from './authorities.ts';

const name = 'rollguard.system.svc';

describe('serving with issued certificates over TLS', () => {
  let old: KeyPair;
  let next: KeyPair;
  let leafOfOld: KeyPair;
  let leafOfNext: KeyPair;
  let server: https.Server;
  let port: number;

  before(async () => {
    const now = Date.now();
    [old, next] = [await caAt(now), await caAt(now)];
    [leafOfOld, leafOfNext] = [await leafAt(now, old), await leafAt(now, next)];
  });

  beforeEach(async () => {
    server = https.createServer({ ...leafOfOld }, (_request, response) => response.end('served'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  interface Answer {
    readonly text: string;
    readonly serial: string;
    readonly localPort: number | undefined;
  }

  const ask = (ca: string, { agent, servername = name }: { agent?: https.Agent; servername?: string } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, ca, servername, agent: agent ?? false };
      const asked = https.get(options, (response) => {
        const socket = response.socket as TLSSocket;
        const serial = socket.getPeerCertificate().serialNumber;
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => resolve({ text, serial, localPort: socket.localPort }));
      });
      asked.on('error', reject);
    });
  const failureOf = (ca: string, servername = name) =>
    ask(ca, { servername }).then(
      () => 'none',
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('is trusted by its CA under the name API servers use, and by no other', async () => {
    expect((await ask(old.cert)).text).to.equal('served');
    expect(await failureOf(next.cert)).to.equal('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await failureOf(old.cert, 'other.system.svc')).to.equal('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('is trusted through the bundle of both CAs before and after the leaf has moved', async () => {
    const bundle = next.cert + old.cert;
    expect((await ask(bundle)).text).to.equal('served');
    server.setSecureContext({ ...leafOfNext });
    expect((await ask(bundle)).text).to.equal('served');
    expect((await ask(next.cert)).text).to.equal('served');
    expect(await failureOf(old.cert)).to.equal('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('changes the certificate without dropping an open connection', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const before = await ask(old.cert, { agent });
      server.setSecureContext({ ...leafOfNext });
      const after = await ask(old.cert, { agent });
      const elsewhere = await ask(next.cert);
      expect(after).to.deep.equal(before);
      expect(elsewhere.serial).to.not.equal(before.serial);
    } finally {
      agent.destroy();
    }
  });
});
