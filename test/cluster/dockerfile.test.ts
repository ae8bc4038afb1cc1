import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDockerfile } from './dockerfile.ts';
import { packageRoot } from './package-root.ts';

describe("Rollguard's Dockerfile", () => {
  const { copies, config } = parseDockerfile(readFileSync(join(packageRoot, 'Dockerfile'), 'utf8'));

  it('starts the program as a user without rights, and without a shell', () => {
    expect(config.User).to.equal('65532:65532');
    expect(config.Entrypoint?.[0]).to.equal('/usr/local/bin/node');
    expect(config.Entrypoint?.at(-1)).to.equal('/app/build/src/main.js');
  });

  it('leaves tests and benchmarks out', () => {
    const sources = copies.filter(({ stage }) => stage === 'build').map(({ source }) => source);
    expect(sources).to.include('/source/build/src');
    expect(sources.filter((path) => /^\/source\/build\/?(test|bench)?$/.test(path))).to.deep.equal([]);
  });

  it('is refused where the last stage says what an image made from it would lack', () => {
    expect(() => parseDockerfile('FROM scratch\nRUN true')).to.throw('RUN');
    expect(() => parseDockerfile('FROM scratch\nCOPY a b /c/')).to.throw('a b /c/');
  });
});
