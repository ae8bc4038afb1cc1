import { expect } from 'chai';
import * as fc from 'fast-check';
import { printable } from '../../../src/core/model/printable.ts';

describe('text for a message', () => {
  const cases = [
    {
      name: 'stays as it is when it is plain',
      text: 'openbao:2.5.5 "x" <U>',
      shown: 'openbao:2.5.5 "x" <U>',
    },
    { name: 'is empty when it is empty', text: '', shown: '' },
    { name: 'shows a newline', text: 'a\nb', shown: 'a<U+000A>b' },
    { name: 'shows a delete character', text: '\x7f', shown: '<U+007F>' },
    { name: 'shows an escape sequence', text: '\x1b[31m', shown: '<U+001B>[31m' },
    { name: 'shows a zero-width space', text: '\u200b', shown: '<U+200B>' },
    { name: 'shows text that would run backwards', text: '\u202e', shown: '<U+202E>' },
    { name: 'shows a look-alike', text: '\u0430', shown: '<U+0430>' },
    { name: 'shows a character beyond the first plane as one', text: '\u{1f511}', shown: '<U+1F511>' },
    { name: 'keeps 60 characters', text: 'a'.repeat(60), shown: 'a'.repeat(60) },
    { name: 'cuts the 61st', text: 'a'.repeat(61), shown: `${'a'.repeat(60)}…` },
  ];
  for (const { name, text, shown } of cases) {
    it(name, () => expect(printable(text)).to.equal(shown));
  }

  it('is short and visible, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(printable(text)).to.match(/^[\x20-\x7e]{0,600}…?$/);
      }),
    );
  });
});
