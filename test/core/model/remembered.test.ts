import { expect } from 'chai';
import { remembered } from '../../../src/core/model/remembered.ts';

describe('a function that remembers its answers', () => {
  const asked: string[] = [];
  const length = remembered((text) => {
    asked.push(text);
    return { length: text.length };
  });
  beforeEach(() => void asked.splice(0));

  it('is asked once for the same text, and answers each text with its own', () => {
    expect(length('2.5.5')).to.equal(length('2.5.5'));
    expect(length('2.6.12')).to.deep.equal({ length: 6 });
    expect(asked).to.deep.equal(['2.5.5', '2.6.12']);
  });

  it('keeps no long text, whose length somebody else chooses', () => {
    const long = 'x'.repeat(129);
    expect([length(long), length(long)]).to.deep.equal([{ length: 129 }, { length: 129 }]);
    expect(asked).to.have.lengthOf(2);
  });

  it('keeps no more than 256, and answers rightly beyond them', () => {
    for (let number = 0; number < 600; number++)
      expect(length(`v${number}`).length).to.equal(`v${number}`.length);
    asked.splice(0);
    for (let number = 0; number < 600; number++) length(`v${number}`);
    expect(asked.length).to.be.greaterThan(600 - 257);
  });
});
