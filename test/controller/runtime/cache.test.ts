import { expect } from 'chai';
import * as fc from 'fast-check';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import { isOlder, keyOf, namesOf, objectCache, type Change } from '../../../src/controller/runtime/cache.ts';

const object = (name: string, resourceVersion: number, group?: string): KubernetesObject => ({
  metadata: {
    namespace: 'n',
    name,
    uid: name,
    resourceVersion: String(resourceVersion),
    ...(group === undefined ? {} : { labels: { group } }),
  },
});

describe('the cache of objects', () => {
  it('knows which version is older, however long the numbers are', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 80n }), fc.bigInt({ min: 0n, max: 1n << 80n }), (a, b) => {
        expect(isOlder(String(a), String(b))).to.equal(a < b);
      }),
    );
    expect(isOlder('9', '10')).to.equal(true);
    expect(isOlder('abc', '10')).to.equal(false);
    expect(isOlder('', '10')).to.equal(false);
  });

  it('names objects by namespace and name, those in no namespace by name', () => {
    expect(keyOf(object('a', 1))).to.equal('n/a');
    expect(namesOf('n/a')).to.deep.equal({ namespace: 'n', name: 'a' });
    expect(keyOf({ metadata: { name: 'a' } })).to.equal('a');
    expect(namesOf('a')).to.deep.equal({ namespace: '', name: 'a' });
  });

  it('takes another object of the same name by watch, and not as a renewal', () => {
    const cache = objectCache();
    cache.put(object('a', 1));
    const other = { metadata: { ...object('a', 2).metadata, uid: 'another' } };
    expect(cache.renew(other)).to.equal(undefined);
    expect(cache.put(other)?.old?.metadata?.uid).to.equal('a');
  });

  const names = fc.constantFrom('a', 'b', 'c');
  const groups = fc.constantFrom(undefined, 'x', 'y');
  const stored = fc.record({ name: names, version: fc.integer({ min: 1, max: 30 }), group: groups });
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('put' as const, 'renew' as const, 'remove' as const), of: stored }),
    fc.record({
      kind: fc.constant('replace' as const),
      all: fc.uniqueArray(stored, { selector: ({ name }) => name }),
    }),
  );

  it('never goes back, tells each change once, and keeps its groups in step', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const cache = objectCache(({ metadata }) => metadata?.labels?.['group']);
        /** What one knows who only listens. */
        const heard = new Map<string, KubernetesObject>();
        const hear = (change: Change<KubernetesObject> | undefined) => {
          if (change === undefined) return;
          expect(change.old).to.equal(heard.get(change.key));
          if (change.new === undefined) heard.delete(change.key);
          else heard.set(change.key, change.new);
          if (change.old !== undefined && change.new !== undefined) {
            const [before, after] = [change.old, change.new].map((one) =>
              Number(one.metadata?.resourceVersion),
            );
            expect(after).to.be.above(before ?? 0);
          }
        };
        for (const one of steps) {
          if (one.kind === 'replace')
            cache
              .replace(one.all.map(({ name, version, group }) => object(name, version, group)))
              .forEach(hear);
          else hear(cache[one.kind](object(one.of.name, one.of.version, one.of.group)));
          expect([...cache.values()]).to.have.members([...heard.values()]);
          for (const group of ['x', 'y']) {
            const members = [...heard.values()].filter(
              ({ metadata }) => metadata?.labels?.['group'] === group,
            );
            expect(cache.inGroup(group)).to.have.members(members);
          }
        }
      }),
    );
  });
});
