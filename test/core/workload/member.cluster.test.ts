import { once } from 'node:events';
import { connect } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { skip } from '../../support/skip.ts';
import { openBaoVersions, startOneMember, type OneMember } from './one-member.ts';

const versions = await openBaoVersions();

/** The serial number of the certificate that the server presents, verified as a client in the cluster does. */
async function servedSerial({ address, ca }: OneMember, servername: string): Promise<string> {
  const socket = connect({ host: address, port: 8200, ca, servername });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

describe('a real server with the rendered files', () => {
  before(function () {
    if (versions.length === 0) skip(this, 'OPENBAO_DIR names no folder of OpenBao servers', 'openbao');
  });

  it('is tried with each version that is there', () => {
    expect(versions).not.to.deep.equal([]);
  });

  for (const version of versions) {
    it(`${version} makes a cluster, takes a new certificate without a restart, and ends in order on TERM`, async function () {
      const member = await startOneMember(version);
      try {
        expect(await member.log()).not.to.match(/unknown or unsupported field (?!operator|rollguard|end)/);
        const hosts = [
          'prod-0.prod.bao.svc',
          'prod-7.prod.bao.svc.cluster.local',
          'prod-active.bao.svc',
          'prod-public',
        ];
        const [first] = await Promise.all(hosts.map((host) => servedSerial(member, host)));

        // The file is gone by then: the cluster is initialized.
        await member.removeSelfInit();
        await member.renewCertificate();
        const end = Date.now() + 20_000;
        while ((await servedSerial(member, 'prod-0.prod.bao.svc')) === first) {
          if (Date.now() > end)
            throw new Error(`still the old certificate: ${(await member.log()).slice(-1000)}`);
          await sleep(100);
        }
        expect(await member.log()).not.to.contain('could not reload config');
        expect((await member.ask('GET sys/health', '')).body).to.include({
          initialized: true,
          sealed: false,
        });
      } finally {
        expect(await member.stop()).to.equal(0);
      }
    });
  }
});
