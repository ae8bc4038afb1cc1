import { expect } from 'chai';
import { names, reservedEnding } from '../../../src/core/model/names.ts';
import { nameReserved } from '../../../src/core/policies/name-reserved.ts';
import { revisionOf } from '../../../src/core/upgrade/bluegreen/revision.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { render } from '../../../src/core/workload/render.ts';
import { cluster, creation, reasonsOf, update } from '../../support/builders.ts';
import { setsOf } from '../workload/inputs-of.ts';

const named = (name: string) => cluster({}, undefined, { name });

describe('name-reserved', () => {
  const revision = revisionOf('op00000001', { version: '2.5.6', image: 'openbao/openbao:2.5.6' }, 3);

  it('refuses a new cluster of which another could have an object of the same name (P9)', () => {
    for (const ending of ['public', 'active', 'upgrade', 'backup', 'restore', revision])
      expect(reasonsOf(nameReserved, creation(named(`foo-${ending}`))), ending).to.deep.equal([
        'NameReserved',
      ]);
  });

  it('allows any other name, and only warns of what is there', () => {
    for (const name of [
      'prod',
      'upgrade',
      'public',
      'foo-upgrades',
      'foo-upgrade-2',
      'foo-rollout',
      'foo-r1',
      'xpublic',
    ])
      expect(reasonsOf(nameReserved, creation(named(name))), name).to.deep.equal([]);
    expect(decide([nameReserved], update(named('foo-upgrade'), { paused: true })).allowed).to.equal(true);
    expect(nameReserved.evaluate(update(named('foo-upgrade'), { paused: true }))).to.have.length(1);
  });

  /** Every name that something of `foo` has, by its kind. */
  function derived(): ReadonlyMap<string, ReadonlySet<string>> {
    const found = new Map<string, Set<string>>();
    const put = (kind: string, name: string) => found.set(kind, (found.get(kind) ?? new Set()).add(name));
    const own = names('foo');
    const green = names('foo', revision);
    for (const { kind = '', metadata } of render(setsOf(named('foo')))) put(kind, metadata?.name ?? '');
    for (const set of [own, green]) {
      put('StatefulSet', set.statefulSet);
      put('Pod', set.pod(0));
      put('PersistentVolumeClaim', set.claim(0));
    }
    for (const secret of [own.unsealKey, own.ca, own.serverCertificate]) put('Secret', secret);
    return found;
  }

  it('knows every ending at which names of two clusters meet', () => {
    const all = derived();
    expect(all.size).to.be.above(8);
    const ends = (name: string) => {
      const at = name.indexOf('foo');
      return [name.slice(0, at), name.slice(at + 3)] as const;
    };
    const meeting = new Set<string>();
    for (const sameKind of all.values()) {
      for (const [before, after] of [...sameKind].map(ends)) {
        for (const [otherBefore, otherAfter] of [...sameKind].map(ends)) {
          // The other cluster has a longer name, and a shorter ending.
          if (before !== otherBefore || after === otherAfter || !after.endsWith(otherAfter)) continue;
          meeting.add(after.slice(0, after.length - otherAfter.length));
        }
      }
    }
    expect(meeting.size).to.equal(6);
    for (const ending of meeting) expect(reservedEnding(`foo${ending}`), ending).to.equal(ending);
  });
});
