import { expect } from 'chai';
import * as fc from 'fast-check';
import { fingerprint } from '../../../src/core/model/fingerprint.ts';
import { sized } from '../../support/walks.ts';

describe('a fingerprint', () => {
  it('is the same for the same value, in whatever order its keys are', () => {
    expect(fingerprint({ a: 1, b: { c: [1, 2], d: 'x' } })).to.equal(
      fingerprint({ b: { d: 'x', c: [1, 2] }, a: 1 }),
    );
    expect(fingerprint({ a: undefined })).to.equal(fingerprint({}));
  });

  it('never changes from one release to the next: pods restart when it does', () => {
    expect(fingerprint({ raft: { performanceMultiplier: 2 } })).to.equal('c1dc13c15d519f62');
  });

  it('tells values apart', () => {
    expect(fingerprint([1, 2])).not.to.equal(fingerprint([2, 1]));
    expect(fingerprint('1')).not.to.equal(fingerprint(1));
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.string(), (text) => {
        const print = fingerprint(text);
        expect(print).to.match(/^[0-9a-f]{16}$/);
        expect(seen.get(print) ?? text).to.equal(text);
        seen.set(print, text);
      }),
      { numRuns: sized(5_000, 500) },
    );
  });
});
