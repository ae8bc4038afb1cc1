import { expect } from 'chai';
import { reasonOrder, reasons } from '../../src/api/reasons.ts';

describe('every reason', () => {
  it('has a name in CamelCase', () => {
    for (const reason of reasonOrder) expect(reason).to.match(/^([A-Z][a-z]+)+$/);
  });

  it('has a code that no client retries by itself', () => {
    for (const reason of reasonOrder) {
      expect(reasons[reason].code, reason).to.be.within(400, 499);
      expect([409, 429], reason).not.to.include(reasons[reason].code);
    }
  });

  it('says when, why and what to do, each in one sentence that fits into one cell of a table', () => {
    for (const reason of reasonOrder) {
      const { when, meaning, remedy } = reasons[reason];
      for (const text of [when, meaning, remedy]) expect(text, reason).to.match(/^[a-z][^|\n]{20,}[^.\s]$/);
    }
  });
});
