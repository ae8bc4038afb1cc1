import { expect } from 'chai';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { ApiError } from '../../../src/io/kubernetes/kubernetes.ts';
import { rejectedApplies } from '../../../src/io/kubernetes/rejected-applies.ts';

const service = (spec: object): KubernetesObject => {
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'prod' }, spec };
  return object;
};
const refused = (status: number) => new ApiError(`PATCH: ${status} no`, { status, reason: '' });

describe('children that the API server refuses', () => {
  it('are told, and not tried again for a minute', () => {
    let now = 0;
    const all = rejectedApplies(() => now);
    const bad = service({ a: 1 });
    all.note('ns/prod', bad, refused(422));
    expect(all.among('ns/prod', [bad])).to.deep.equal([
      { kind: 'Service', name: 'prod', message: 'PATCH: 422 no' },
    ]);
    expect(all.retryable('ns/prod', [bad])).to.deep.equal([]);
    now = 61_000;
    expect(all.retryable('ns/prod', [bad])).to.deep.equal([bad]);
  });

  it('are tried at once when they are another object, and forgotten when they are right', () => {
    const all = rejectedApplies(() => 0);
    const [bad, better] = [service({ a: 1 }), service({ a: 2 })];
    all.note('ns/prod', bad, refused(403));
    expect(all.retryable('ns/prod', [better])).to.deep.equal([better]);
    expect(all.among('ns/prod', [better])).to.deep.equal([]);
    expect(all.retryable('ns/prod', [bad])).to.deep.equal([bad]);
  });

  it('are not those of an outage, a conflict or a rate limit: these fail the pass', () => {
    const all = rejectedApplies(() => 0);
    for (const status of [0, 409, 429, 500, 503]) {
      expect(() => all.note('ns/prod', service({}), refused(status)), String(status)).to.throw(ApiError);
    }
    expect(() => all.note('ns/prod', service({}), new TypeError('x'))).to.throw(TypeError);
  });
});
