import { expect } from 'chai';
import { withAnnotation } from '../../../src/core/mutations/annotation.ts';

const key = 'rollguard.io/x';

describe('an annotation', () => {
  const cases = [
    { name: 'is added where there is none', before: undefined, value: 'a', after: { [key]: 'a' } },
    { name: 'is added beside others', before: { o: '1' }, value: 'a', after: { o: '1', [key]: 'a' } },
    { name: 'is replaced', before: { [key]: 'b', o: '1' }, value: 'a', after: { o: '1', [key]: 'a' } },
    { name: 'is set to nothing', before: { [key]: 'b' }, value: '', after: { [key]: '' } },
    { name: 'is removed', before: { [key]: 'b', o: '1' }, value: undefined, after: { o: '1' } },
  ];
  for (const { name, before, value, after } of cases) {
    it(name, () => {
      const object = { metadata: before === undefined ? {} : { annotations: before } };
      expect(withAnnotation(object, key, value).metadata).to.deep.equal({ annotations: after });
    });
  }

  it('that changes nothing gives back the same object', () => {
    for (const object of [
      { metadata: {} },
      { metadata: { annotations: {} } },
      { metadata: { annotations: { o: '1' } } },
    ]) {
      expect(withAnnotation(object, key, undefined)).to.equal(object);
    }
    const object = { metadata: { annotations: { [key]: 'a' } } };
    expect(withAnnotation(object, key, 'a')).to.equal(object);
  });

  it('leaves the object it was given alone, and shares the rest of it', () => {
    const object = {
      metadata: { name: 'n', labels: { a: 'b' }, annotations: { o: '1' } },
      spec: { deep: {} },
    };
    const before = structuredClone(object);
    const after = withAnnotation(object, key, 'a');
    expect(object).to.deep.equal(before);
    expect(after.spec).to.equal(object.spec);
    expect(after.metadata.labels).to.equal(object.metadata.labels);
    expect(after).to.deep.equal({
      ...before,
      metadata: { ...before.metadata, annotations: { o: '1', [key]: 'a' } },
    });
  });

  it('stands beside keys that every object has, which stay and do no harm', () => {
    const object = JSON.parse(
      '{"metadata": {"annotations": {"__proto__": "p", "constructor": "c", "toString": "t"}}}',
    ) as { metadata: { annotations: Record<string, string> } };
    const { annotations } = withAnnotation(object, key, 'a').metadata;
    expect(JSON.stringify(annotations)).to.equal(
      `{"__proto__":"p","constructor":"c","toString":"t","${key}":"a"}`,
    );
    expect(Object.getPrototypeOf(annotations)).to.equal(Object.prototype);
    expect({}).not.to.have.property(key);
    const without = withAnnotation(withAnnotation(object, key, 'a'), key, undefined).metadata.annotations;
    expect(JSON.stringify(without)).to.equal('{"__proto__":"p","constructor":"c","toString":"t"}');
  });
});
