import { expect } from 'chai';
import { BallastFilter } from '../../webhooks/ballast.ts';
import { randomOf, pick } from '../support/walks.ts';

const filtered = (text: string, sizes: () => number): string => {
  const filter = new BallastFilter();
  const bytes = Buffer.from(text);
  const kept: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = sizes();
    kept.push(...filter.filter(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(kept).toString();
};

const ofSpec = (data: unknown, more: object = {}) => ({
  metadata: { name: 'prod', managedFields: [{ 'f:spec': { 'f:version': {} } }], annotations: { data: '{[' } },
  spec: {
    selfInit: { requests: [{ name: 'a', data, path: 'x' }, { name: 'b' }] },
    data: { kept: [1] },
    ...more,
  },
});

/** The same without what is taken out. */
function lightened(object: ReturnType<typeof ofSpec>): object {
  const requests = object.spec.selfInit.requests.map((each) =>
    typeof each.data === 'object' && each.data !== null
      ? { ...each, data: Array.isArray(each.data) ? [] : {} }
      : each,
  );
  return {
    ...object,
    metadata: { ...object.metadata, managedFields: [] },
    spec: { ...object.spec, selfInit: { ...object.spec.selfInit, requests } },
  };
}

describe('what is large in a review, and no rule reads', () => {
  const values: readonly unknown[] = [
    {},
    [],
    'text',
    7,
    null,
    { managedFields: [1], 'a"b\\': '}]"\\', deep: [[{ data: { x: ['é', '😀'] } }]] },
    Array.from({ length: 50 }, () => ({ a: [] })),
  ];

  it('is taken out, however the body is cut, and nothing else', () => {
    const random = randomOf(7);
    for (let round = 0; round < 300; round++) {
      const object = ofSpec(pick(values, random), { other: pick(values, random) });
      const oldObject = ofSpec(pick(values, random));
      const review = { request: { uid: 'u', object, oldObject, options: { managedFields: [1] } } };
      const expected = {
        request: { ...review.request, object: lightened(object), oldObject: lightened(oldObject) },
      };
      const text = JSON.stringify(review, undefined, pick([0, 2], random));
      const most = pick([1, 2, 7, 64, 10_000], random) ?? 1;
      const kept = filtered(text, () => 1 + Math.floor(random() * most));
      expect(JSON.parse(kept)).to.deep.equal(expected);
    }
  });

  it('leaves what is broken elsewhere as it is, for the parser to find', () => {
    for (const text of ['', '{', ']', '{"request":', '"', '{"request":{"object":]}', '\\', 'nonsense"']) {
      expect(filtered(text, () => 3)).to.equal(text);
    }
  });

  it('is known by its whole place, not by its name', () => {
    const text = JSON.stringify({
      request: { managedFields: [1], object: { spec: { data: { x: 1 } } } },
      object: ofSpec({ x: 1 }),
    });
    expect(filtered(text, () => 5)).to.equal(text);
  });
});
