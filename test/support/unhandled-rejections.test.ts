import { spawnSync } from 'node:child_process';
import { expect } from 'chai';

/** As every process of the tests is started: by mocha with .mocharc.json. */
const run = (file: string) =>
  spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', `test/testdata/mocha/${file}.ts`], {
    encoding: 'utf8',
  });

describe('a promise that is rejected and that nobody looks at', () => {
  it('fails the test that runs', () => {
    const { status, stdout } = run('rejected-in-a-test');
    expect(status).to.equal(1);
    expect(stdout).to.contain('nobody looks at this').and.contain('0 passed, 1 failed, 0 skipped');
  });

  it('fails the run, when no test runs any more', () => {
    const { status, stdout, stderr } = run('rejected-after-all-tests');
    expect(stdout).to.contain('1 passed, 0 failed, 0 skipped');
    expect(stderr).to.contain('nobody looks at this');
    expect(status).not.to.equal(0);
  });
});
