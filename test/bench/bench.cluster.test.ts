import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { availability } from '../cluster/test-cluster.ts';
import { skip } from '../support/skip.ts';

describe('npm run bench', () => {
  it('runs, and prints figures of all servers and a verdict on each target', async function () {
    const script = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--quick']);
    for (const row of ['node:https', 'Express 5', 'Rollguard, allowed', 'Rollguard, denied']) {
      expect(stdout).to.match(new RegExp(`^${row} +\\d+ +\\d+\\.\\d\\d +\\d+\\.\\d\\d`, 'm'));
    }
    expect(stdout.match(/^(PASS|MISS) {2}/gm)).to.have.lengthOf(5);
  });
});

describe('npm run bench -- idle', () => {
  it('prints writes and memory of idle clusters, and a verdict on each', async function () {
    const there = await availability('control-plane');
    if (!there.available) skip(this, `${there.why}; ${there.remedy}`);
    const script = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, 'idle', '--quick']);
    expect(stdout).to.match(/^PASS {2}writes a minute +0 /m);
    expect(stdout).to.match(/^(PASS|MISS) {2}RSS, MiB +\d+ /m);
  });
});
