import { expect } from 'chai';
import { evaluatePodDeletion } from '../../../src/core/policies/index.ts';
import { clusterOf, isGuarded } from '../../../src/core/policies/pod-deletion.ts';
import { clusterLabel } from '../../../src/api/labels.ts';
import { known } from '../../../src/core/model/known.ts';
import { deletion, inMaintenance, pod } from '../../support/builders.ts';

describe('the deletion of a pod', () => {
  const cases = [
    { name: 'is guarded while it runs', target: pod(), guarded: true },
    { name: 'is guarded while it is pending', target: pod({ phase: 'Pending' }), guarded: true },
    { name: 'is guarded while nobody knows its phase', target: pod({ phase: 'Unknown' }), guarded: true },
    { name: 'is guarded in a phase nobody heard of', target: pod({ phase: 'succeeded' }), guarded: true },
    {
      name: 'is guarded without any status',
      target: { metadata: { labels: { [clusterLabel]: 'prod' } } },
      guarded: true,
    },
    {
      name: 'is not guarded when it is ending already',
      target: pod({ metadata: { deletionTimestamp: '2026-01-02T03:04:05Z' } }),
      guarded: false,
    },
    { name: 'is not guarded when it succeeded', target: pod({ phase: 'Succeeded' }), guarded: false },
    { name: 'is not guarded when it failed', target: pod({ phase: 'Failed' }), guarded: false },
    { name: "is not guarded when it is other people's", target: { metadata: {} }, guarded: false },
    {
      name: 'is not guarded when only a similar label is there',
      target: { metadata: { labels: { 'openbao.org/cluster-name': 'prod' } } },
      guarded: false,
    },
  ];
  for (const { name, target, guarded } of cases) {
    it(name, () => {
      const request = deletion(target, { permission: known(false) });
      expect(isGuarded(request)).to.equal(guarded);
      expect(evaluatePodDeletion(request).allowed).to.equal(!guarded);
    });
  }

  it('is allowed in maintenance to who holds the verb, and to nobody else', () => {
    for (const isMaintained of [true, false]) {
      for (const mayMaintain of [true, false]) {
        const target = pod({ metadata: isMaintained ? inMaintenance : {} });
        const decision = evaluatePodDeletion(deletion(target, { permission: known(mayMaintain) }));
        expect(decision.allowed).to.equal(isMaintained && mayMaintain);
        expect(decision.violations.map(({ reason }) => reason)).to.deep.equal([
          ...(isMaintained ? [] : ['MaintenanceRequired']),
          ...(mayMaintain ? [] : ['PermissionRequired']),
        ]);
      }
    }
  });

  it('belongs to the cluster that its label names', () => {
    expect(clusterOf(pod())).to.equal('prod');
    expect(clusterOf({ metadata: {} })).to.equal(undefined);
  });
});
