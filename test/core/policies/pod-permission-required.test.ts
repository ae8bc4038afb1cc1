import { expect } from 'chai';
import { known, unknown } from '../../../src/core/model/known.ts';
import { podPermissionRequired } from '../../../src/core/policies/pod-permission-required.ts';
import { deletion, inMaintenance, pod, reasonsOf, textOf } from '../../support/builders.ts';

const refused = ['PermissionRequired'];

describe('pod-permission-required', () => {
  const cases = [
    { name: 'allows who holds the verb', permission: known(true), reasons: [] },
    { name: 'refuses who does not', permission: known(false), reasons: refused },
    { name: 'refuses where it could not be checked', permission: unknown('timeout'), reasons: refused },
    { name: 'does not judge where nobody asked', permission: { kind: 'not-judged' }, reasons: [] },
  ] as const;
  for (const { name, permission, reasons } of cases) {
    it(name, () => {
      const request = deletion(pod({ metadata: inMaintenance }), { permission });
      expect(reasonsOf(podPermissionRequired, request)).to.deep.equal(reasons);
    });
  }

  it('says the verb, the pod, its cluster, and how to check', () => {
    const request = deletion(pod(), { permission: known(false) });
    expect(textOf(podPermissionRequired.evaluate(request))).to.equal(
      [
        'deleting pod prod-0 needs the verb "maintenance" on openbaocluster bao/prod, and you do not have it',
        'check with: kubectl auth can-i maintenance openbaoclusters.openbao.org/prod -n bao; ask a cluster admin for a Role with it',
      ].join('\n'),
    );
  });

  it('says why it could not be checked', () => {
    const request = deletion(pod(), { permission: unknown('timeout') });
    expect(textOf(podPermissionRequired.evaluate(request))).to.contain('could not be checked: timeout');
  });
});
