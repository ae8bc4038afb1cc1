import { expect } from 'chai';
import * as fc from 'fast-check';
import { canonicalQuantity } from '../../../src/core/workload/quantity.ts';
import { canonicalForms } from './quantities.ts';

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
