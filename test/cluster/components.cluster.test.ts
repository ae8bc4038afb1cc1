import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesVariable } from '../support/kubernetes-version.ts';
import { findBinary, versionOf } from './components.ts';

describe('a binary in the folder that KUBEBUILDER_ASSETS names', () => {
  const before = { ...process.env };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollguard-assets-'));
    process.env['KUBEBUILDER_ASSETS'] = folder;
  });

  afterEach(() => {
    process.env = { ...before };
    rmSync(folder, { recursive: true });
  });

  const kubectlOf = (version: string) =>
    writeFileSync(join(folder, 'kubectl'), `#!/bin/sh\necho 'Client Version: ${version}'\n`, { mode: 0o755 });
  const isTaken = async () => (await findBinary('kubectl'))?.path === join(folder, 'kubectl');

  it('is taken as it is, where no other Kubernetes is asked for', async () => {
    delete process.env[kubernetesVariable];
    kubectlOf('v1.2.3');
    expect(await isTaken()).to.equal(true);
  });

  it('is taken where it is of the Kubernetes that is asked for, and else left', async () => {
    process.env[kubernetesVariable] = '1.2.4';
    kubectlOf('v1.2.4');
    expect([versionOf('kubernetes'), await isTaken()]).to.deep.equal(['v1.2.4', true]);
    kubectlOf('v1.2.3');
    expect(await isTaken()).to.equal(false);
  });
});
