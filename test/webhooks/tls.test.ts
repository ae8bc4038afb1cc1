import { expect } from 'chai';
import https from 'node:https';
import tls from 'node:tls';
import { createKeyPair } from '../support/key-pair.ts';
import { ask, openRaw } from './support/client.ts';
import { clusterReview } from './support/reviews.ts';
import { startTestServer, type TestServer } from './support/test-server.ts';

describe('TLS', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  /** Connects as a client of these versions and protocols would. */
  const handshake = async (options: tls.ConnectionOptions) => {
    const { socket } = await openRaw(server, options);
    const agreed = { version: socket.getProtocol(), protocol: socket.alpnProtocol };
    const serial = socket.getPeerCertificate().serialNumber;
    socket.destroy();
    return { ...agreed, serial };
  };
  const refusal = async (options: tls.ConnectionOptions): Promise<string> => {
    try {
      return `none: ${JSON.stringify(await handshake(options))}`;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  };

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is spoken in version ${version}`, async () => {
      expect(await handshake({ minVersion: version, maxVersion: version })).to.include({ version });
    });
  }

  it('is refused in older versions, for the version and not for want of a cipher', async () => {
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      // At this level OpenSSL would let a client speak them.
      const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      expect(await refusal(old)).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    }
  });

  it('agrees on HTTP/1.1 with whoever can speak it, also when asked for nothing', async () => {
    expect(await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).to.include({ protocol: 'http/1.1' });
    expect(await handshake({})).to.include({ protocol: false });
  });

  it('is refused to whoever speaks HTTP/2 alone', async () => {
    expect(await refusal({ ALPNProtocols: ['h2'] })).to.equal('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  it('shows a new certificate to new connections at once, and open ones go on', async () => {
    const renewed = { port: server.port, certificate: await createKeyPair() };
    const path = '/validate/openbaoclusters';
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const before = await handshake({});
    await ask(server, path, clusterReview({}), agent);
    const [socket] = Object.values(agent.freeSockets).flat();

    server.useCertificate(renewed.certificate);

    expect((await ask(server, path, clusterReview({}), agent)).allowed).to.equal(true);
    expect(Object.values(agent.freeSockets).flat(), 'the same connection').to.deep.equal([socket]);
    agent.destroy();
    expect((await ask(renewed, path, clusterReview({}))).allowed).to.equal(true);
    expect((await handshake({ ca: renewed.certificate.cert })).serial).not.to.equal(before.serial);
    expect(await refusal({}), 'the old one is not shown any more').to.equal('DEPTH_ZERO_SELF_SIGNED_CERT');
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(await handshake({ ca: renewed.certificate.cert, maxVersion })).to.include({
        version: maxVersion,
      });
    }
    const old = { ca: renewed.certificate.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
    expect(await refusal({ ...old, ciphers: 'DEFAULT@SECLEVEL=0' })).to.equal(
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
  });

  it('keeps the certificate that it has when a new one is none', async () => {
    const other = await createKeyPair();
    expect(() => server.useCertificate({ key: 'x', cert: 'y' })).to.throw();
    expect(() => server.useCertificate({ key: other.key, cert: server.certificate.cert })).to.throw(/key/);
    expect((await ask(server, '/validate/openbaoclusters', clusterReview({}))).allowed).to.equal(true);
  });
});
