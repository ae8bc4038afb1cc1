import { expect } from 'chai';
import * as fc from 'fast-check';
import { knownBadPath } from '../../../src/core/version/upgrade-paths.ts';
import { parseVersion, type Version } from '../../../src/core/version/version.ts';

function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed.kind === 'unknown') throw new Error(`${text} ${parsed.cause}`);
  return parsed.value;
}
const isBad = (strategy: string, from: string, to: string) =>
  knownBadPath(strategy, version(from), version(to)) !== undefined;

describe('the way from one version to another', () => {
  const cases: readonly (readonly [strategy: string, from: string, to: string, bad: boolean])[] = [
    ['BlueGreen', '2.4.4', '2.5.5', false],
    ['BlueGreen', '2.4.4', '2.6.0', true],
    ['BlueGreen', '2.5.5', '2.6.0', true],
    ['BlueGreen', '2.5.99', '2.6.3', true],
    ['BlueGreen', '2.5.5', '2.10.0', true],
    ['BlueGreen', '2.5.5', '3.0.0', true],
    ['BlueGreen', '1.0.0', '99.0.0', true],
    ['BlueGreen', '2.5.5', '2.6.0-rc.1', true],
    ['BlueGreen', '2.5.5', '2.6.0-0', true],
    ['BlueGreen', '2.5.5', 'v2.6.0+b1', true],
    // Which side of the change a prerelease is on, nobody knows.
    ['BlueGreen', '2.6.0-rc.1', '2.6.0', true],
    ['BlueGreen', '2.6.0-rc.1', '2.6.0-rc.1', false],
    ['BlueGreen', '2.6.0', '2.6.1', false],
    ['BlueGreen', '2.6.0', '3.0.0', false],
    ['BlueGreen', '2.6.1', '2.5.5', false],
    ['RollingUpdate', '2.5.5', '2.6.0', false],
  ];
  for (const [strategy, from, to, bad] of cases) {
    it(`is ${bad ? '' : 'not '}known to be bad: ${strategy} from ${from} to ${to}`, () =>
      expect(isBad(strategy, from, to)).to.equal(bad));
  }

  it('is bad by BlueGreen exactly when it crosses 2.6', () => {
    const parts = fc.tuple(fc.nat(4), fc.nat(12), fc.nat(9));
    const isBefore = ([major, minor]: readonly number[]) => (major ?? 0) * 100 + (minor ?? 0) < 206;
    fc.assert(
      fc.property(parts, parts, (from, to) => {
        expect(isBad('BlueGreen', from.join('.'), to.join('.'))).to.equal(isBefore(from) && !isBefore(to));
        expect(isBad('RollingUpdate', from.join('.'), to.join('.'))).to.equal(false);
      }),
    );
  });
});
