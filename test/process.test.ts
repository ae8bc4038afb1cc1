import { fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { RunResults } from './support/results.ts';

describe('a process of the tests', () => {
  it('leaves nothing behind of a file that it has run', async () => {
    const child = fork('test/process.ts', [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new Error('nothing can be heard of it');
    const said = Promise.all([text(stdout), text(stderr)]);
    const passed: number[] = [];
    // More than an emitter has listeners of before Node.js warns.
    for (let file = 0; file < 12 && child.connected; file++) {
      child.send('test/testdata/mocha/passes.ts');
      const [results] = (await once(child, 'message')) as [RunResults];
      passed.push(results.passed);
    }
    child.disconnect();
    const [output, errors] = await said;
    expect(errors).to.equal('');
    expect(output).to.contain('1 passed, 0 failed, 0 skipped');
    // Node.js loads a file once.
    expect(passed).to.deep.equal([1, ...Array.from({ length: 11 }, () => 0)]);
  });
});
