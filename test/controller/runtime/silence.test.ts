import { expect } from 'chai';
import { silence } from '../../../src/controller/runtime/silence.ts';

describe('how long something was silent', () => {
  it('counts from when this process saw it first as it is, by its own clock (C1)', () => {
    let now = 5_000_000;
    const seen = silence({ elapsed: () => now });
    const lock = { operationId: 'a', renewedAt: '2020-01-01T00:00:00Z' };
    expect(seen.see('bao/prod', lock)).to.equal(0);
    now += 599_999;
    expect(seen.see('bao/prod', { ...lock })).to.equal(599_999);
    expect(seen.see('bao/other', lock)).to.equal(0);
    expect(seen.see('bao/prod', { ...lock, renewedAt: '2020-01-01T00:01:00Z' })).to.equal(0);
    now += 7;
    expect(seen.see('bao/other', lock)).to.equal(7);
    expect(seen.see('bao/other', undefined)).to.equal(0);
    expect(seen.see('bao/other', lock)).to.equal(0);
    now += 3;
    seen.forget('bao/other');
    expect(seen.see('bao/other', lock)).to.equal(0);
    expect(silence({ elapsed: () => now }).see('bao/prod', lock)).to.equal(0);
  });
});
