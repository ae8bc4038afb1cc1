import { expect } from 'chai';
import { storageChange } from '../../../src/core/policies/storage-change.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, textOf, update } from '../../support/builders.ts';

describe('storage-change', () => {
  const stored = cluster({ storage: { size: '10Gi' } }, { currentVersion: '2.5.5' });
  const cases = [
    { name: 'warns of a smaller size (L5)', storage: { size: '1Gi' }, reasons: ['warns'] },
    { name: 'warns of a larger size (L5)', storage: { size: '50Gi' }, reasons: ['warns'] },
    {
      name: 'warns of another class (L5)',
      storage: { size: '10Gi', storageClassName: 'b' },
      reasons: ['warns'],
    },
    { name: 'is silent on the same size in other words (L5)', storage: { size: '10240Mi' }, reasons: [] },
    { name: 'is silent on the default left out (L5)', storage: {}, reasons: [] },
    { name: 'warns once of both (L5)', storage: { size: '1Gi', storageClassName: 'b' }, reasons: ['warns'] },
  ];
  for (const { name, storage, reasons } of cases) {
    it(name, () => {
      expect(reasonsOf(storageChange, update(stored, { storage }))).to.deep.equal(reasons);
      expect(decide([storageChange], update(stored, { storage })).allowed).to.equal(true);
    });
  }

  it('is silent on a create, and before there are members (L5)', () => {
    expect(reasonsOf(storageChange, creation(cluster({ storage: { size: '1Gi' } })))).to.deep.equal([]);
    expect(reasonsOf(storageChange, update(cluster(), { storage: { size: '1Gi' } }))).to.deep.equal([]);
  });

  it('says which values, what they change, and how volumes are enlarged (L5)', () => {
    const text = textOf(storageChange.evaluate(update(stored, { storage: { size: '1Gi' } })));
    expect(text).to.contain('spec.storage.size (10Gi to 1Gi) changes no volume that is there');
    expect(text).to.contain('kubectl get pvc -n bao -l openbao.org/cluster=prod');
  });
});
