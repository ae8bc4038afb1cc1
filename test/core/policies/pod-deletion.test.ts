import { expect } from 'chai';
import { evaluatePodDeletion } from '../../../src/core/policies/index.ts';
import { clusterOf, isForced, isGuarded } from '../../../src/core/policies/pod-deletion.ts';
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

  const going = (deletionGracePeriodSeconds?: number) =>
    pod({
      metadata: {
        deletionTimestamp: '2026-01-02T03:04:05Z',
        ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
      },
    });
  const forced = [
    { name: 'of a pod that runs is guarded', target: pod(), guarded: true },
    { name: 'of a pod that is ending is guarded', target: going(30), guarded: true },
    { name: 'of a pod that is ending in who knows what time is guarded', target: going(), guarded: true },
    { name: 'that was let through is not judged again', target: going(0), guarded: false },
    { name: 'of a pod that failed is not guarded', target: pod({ phase: 'Failed' }), guarded: false },
    { name: "of other people's pod is not guarded", target: { metadata: {} }, guarded: false },
  ];
  for (const { name, target, guarded } of forced) {
    it(`with a grace period of 0 ${name} (P7)`, () => {
      const request = deletion(target, { permission: known(false), isForced: true });
      expect(isGuarded(request)).to.equal(guarded);
      expect(evaluatePodDeletion(request).allowed).to.equal(!guarded);
    });
  }

  it('with a grace period of 0 is free to the parts of Kubernetes, and to the kubelet of that node (P7)', () => {
    const by = (username: string) => isGuarded(deletion(going(30), { isForced: true, user: { username } }));
    expect(by('system:serviceaccount:kube-system:pod-garbage-collector')).to.equal(false);
    expect(by('system:node:node-1')).to.equal(false);
    expect(by('system:node:node-2')).to.equal(true);
  });

  it('waits for nothing where its grace period is below a second', () => {
    const periods = [0, -1, 1, 30, null, undefined].map((gracePeriodSeconds) =>
      isForced(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    );
    expect(periods).to.deep.equal([true, true, false, false, false, false]);
    expect([isForced(null), isForced(undefined)]).to.deep.equal([false, false]);
  });

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
