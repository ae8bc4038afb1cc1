import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Ground } from '../cluster/contract.ts';
import { createCertificateAuthority } from './certificates.ts';
import { startGate } from './gate.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { poll } from './polling.ts';

const listening = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPServerWrap').length;

describe('the gate of the tests', () => {
  it('leaves nothing that listens when it cannot be installed: its process would never end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollguard-gate-'));
    try {
      const authority = await createCertificateAuthority('nobody');
      const kubeconfig = join(folder, 'kubeconfig');
      writeKubeconfig(kubeconfig, {
        server: 'https://127.0.0.1:1',
        authority: authority.certificate,
        ...(await authority.issue({ kind: 'client', user: 'nobody', groups: [] })),
      });
      const refusing: Pick<Ground, 'kubeconfig' | 'hostAddress' | 'kubectl'> = {
        kubeconfig,
        hostAddress: '127.0.0.1',
        kubectl: () => Promise.resolve({ code: 1, stdout: '', stderr: 'not today' }),
      };
      const before = listening();
      const said = await startGate(refusing as Ground).catch(({ message }: Error) => message);
      expect(said).to.contain('not today');
      const isAsBefore = () => listening() === before;
      expect(await poll(isAsBefore, { leastPauseMs: 10, timeoutMs: 5_000 })).to.equal(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
