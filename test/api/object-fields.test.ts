import { expect } from 'chai';
import { defined, omit } from '../../src/api/object-fields.ts';

describe('the fields of an object', () => {
  it('that are undefined are left out, others keep their order', () => {
    const fields = defined({ c: 1, a: undefined, b: null, d: '', e: false });
    expect(fields).to.deep.equal({ c: 1, b: null, d: '', e: false });
    expect(Object.keys(fields)).to.deep.equal(['c', 'b', 'd', 'e']);
  });

  it('that are named are left out, also where they are absent', () => {
    const object: { readonly b: number; readonly a: number; readonly c?: number } = { b: 1, a: 2 };
    expect(omit(object, 'b', 'c')).to.deep.equal({ a: 2 });
    expect(object).to.deep.equal({ b: 1, a: 2 });
  });
});
