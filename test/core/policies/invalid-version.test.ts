import { expect } from 'chai';
import { invalidVersion } from '../../../src/core/policies/invalid-version.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, update } from '../../support/builders.ts';

const refused = ['InvalidVersion'];

describe('invalid-version', () => {
  const cases = [
    { name: 'allows a semantic version', version: '2.5.5', reasons: [] },
    { name: 'allows a leading v', version: 'v2.5.5', reasons: [] },
    { name: 'allows a prerelease with build metadata', version: '2.6.0-rc.1+b1', reasons: [] },
    { name: 'refuses two parts', version: '2.5', reasons: refused },
    { name: 'refuses a word', version: 'latest', reasons: refused },
    { name: 'refuses nothing', version: '', reasons: refused },
    { name: 'refuses a newline at the end', version: '2.5.5\n', reasons: refused },
    { name: 'refuses digits of another script', version: '\u0662.5.5', reasons: refused },
    { name: 'allows 128 characters', version: `1.0.0-${'a'.repeat(122)}`, reasons: [] },
    { name: 'refuses 129 characters', version: `1.0.0-${'a'.repeat(123)}`, reasons: refused },
  ];
  for (const { name, version, reasons } of cases) {
    it(name, () => {
      expect(reasonsOf(invalidVersion, creation(cluster({ version })))).to.deep.equal(reasons);
      expect(reasonsOf(invalidVersion, update(cluster(), { version }))).to.deep.equal(reasons);
    });
  }

  it('says what is wrong, with every character that cannot be seen, and what to write', () => {
    expect(invalidVersion.evaluate(creation(cluster({ version: '2.5.\u200b5"' })))).to.deep.equal([
      {
        kind: 'violation',
        reason: 'InvalidVersion',
        path: 'spec.version',
        message: 'spec.version "2.5.<U+200B>5\\"" holds the character <U+200B>',
        remedy: 'write it as MAJOR.MINOR.PATCH, for example 2.6.2 or 2.7.0-rc.1',
      },
    ]);
  });

  it('cuts a long version short', () => {
    const [finding] = invalidVersion.evaluate(creation(cluster({ version: '9'.repeat(1e6) })));
    expect(finding?.message.length).to.be.below(200);
  });

  it('warns of one that was stored before', () => {
    const decision = decide([invalidVersion], update(cluster({ version: 'latest' }), { paused: true }));
    expect(decision).to.deep.equal({
      allowed: true,
      violations: [],
      warnings: ['InvalidVersion: spec.version "latest" has 0 of the three parts MAJOR.MINOR.PATCH'],
    });
  });
});
