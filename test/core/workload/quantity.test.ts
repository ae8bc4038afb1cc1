import { expect } from 'chai';
import * as fc from 'fast-check';
import { canonicalQuantity, milliLike, milliOf } from '../../../src/core/workload/quantity.ts';
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

describe('the amount of a quantity', () => {
  const factors = { m: 1n, '': 1000n, k: 1000n ** 2n, Ki: 1000n * 1024n, Gi: 1000n * 1024n ** 3n } as const;
  const unit = fc.constantFrom('m', '', 'k', 'Ki', 'Gi');

  it('is in thousandths, whatever it is written in, and is written as it was', () => {
    fc.assert(
      fc.property(fc.integer(), unit, (amount, suffix) => {
        const text = `${amount}${suffix}`;
        const milli = milliOf(text);
        expect(milli).to.equal(BigInt(amount) * factors[suffix]);
        expect(milliLike(milli ?? 0n, text)).to.equal(canonicalQuantity(text));
      }),
    );
  });

  it('is none of what is no quantity', () => {
    for (const text of ['', 'a lot', '1KiB']) expect(milliOf(text), text).to.equal(undefined);
  });
});
