import { expect } from 'chai';
import * as fc from 'fast-check';
import { canonicalQuantity } from '../../../src/core/workload/quantity.ts';

/** As kube-apiserver 1.36 stores them; test/core/workload/applied.test.ts asks it about some. */
export const canonicalForms: readonly (readonly [string, string])[] = [
  ['1', '1'],
  ['0', '0'],
  ['0Gi', '0'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['1.', '1'],
  ['0.1', '100m'],
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
  ['1000Mi', '1000Mi'],
  ['1024Ki', '1Mi'],
  ['0.5Ki', '512'],
  ['1000', '1k'],
  ['1500', '1500'],
  ['1000000k', '1G'],
  ['10Gi', '10Gi'],
  ['1e3', '1e3'],
  ['12e2', '1200'],
  ['1E3', '1e3'],
  ['+1k', '1k'],
  ['-1000m', '-1'],
  ['100u', '100u'],
  ['0.0001', '100u'],
];

describe('a canonical quantity', () => {
  for (const [written, stored] of canonicalForms) {
    it(`of ${written} is ${stored}`, () => {
      expect(canonicalQuantity(written)).to.equal(stored);
    });
  }

  it('leaves alone what is none', () => {
    for (const text of ['', 'a lot', '10 Gi', '1KiB', '--1', '.', '1e', '1e999999999'])
      expect(canonicalQuantity(text), text).to.equal(text);
  });

  it('is its own canonical form, and the same for every way to write it', () => {
    const suffix = fc.constantFrom('m', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi');
    fc.assert(
      fc.property(fc.nat(), suffix, (amount, unit) => {
        const canonical = canonicalQuantity(`${amount}${unit}`);
        expect(canonicalQuantity(canonical)).to.equal(canonical);
        expect(canonicalQuantity(`${amount}.000${unit}`)).to.equal(canonical);
        expect(canonicalQuantity(`00${amount}${unit}`)).to.equal(canonical);
      }),
    );
  });
});
