import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

describe('CONTRIBUTING', () => {
  const text = readFileSync('CONTRIBUTING.md', 'utf8');

  it('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = Array.from(text.matchAll(/`[^`]*npm run ([\w:]+)/g), ([, script = '']) => script);
    expect(named).to.include.members(['unit', 'check:fast', 'mocha']);
    expect(named.filter((script) => scripts[script] === undefined)).to.deep.equal([]);
  });

  it('names files that are there, but for those of its examples', () => {
    const made = /even-replicas|announcing/;
    const named = Array.from(
      text.matchAll(/`((?:src|test|webhooks|manifests)\/[\w./-]*)`/g),
      ([, path = '']) => path,
    );
    expect(named).to.have.length.above(15);
    expect(named.filter((path) => !made.test(path) && !existsSync(path))).to.deep.equal([]);
  });
});
