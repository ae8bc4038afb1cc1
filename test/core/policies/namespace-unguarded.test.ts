import { expect } from 'chai';
import { namespaceUnguarded } from '../../../src/core/policies/namespace-unguarded.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { cluster, creation, reasonsOf, textOf, update } from '../../support/builders.ts';

const inNamespace = (namespace: string) => cluster({}, undefined, { namespace });

describe('namespace-unguarded', () => {
  const cases = [
    { namespace: 'kube-system', reasons: ['NamespaceUnguarded'] },
    { namespace: 'kube-node-lease', reasons: ['NamespaceUnguarded'] },
    { namespace: 'rollguard-system', reasons: ['NamespaceUnguarded'] },
    { namespace: 'bao', reasons: [] },
    { namespace: 'kube-system-2', reasons: [] },
    { namespace: 'rollguard', reasons: [] },
    { namespace: 'default', reasons: [] },
  ];
  for (const { namespace, reasons } of cases) {
    it(`${reasons.length === 0 ? 'allows' : 'refuses'} a new cluster in ${namespace} (P8)`, () => {
      expect(reasonsOf(namespaceUnguarded, creation(inNamespace(namespace)))).to.deep.equal(reasons);
    });
  }

  it('only warns of one that is there', () => {
    const { allowed, warnings } = decide(
      [namespaceUnguarded],
      update(inNamespace('kube-system'), { paused: true }),
    );
    expect(allowed).to.equal(true);
    expect(warnings).to.have.length(1);
  });

  it('says what comes of it, and where to go', () => {
    expect(textOf(namespaceUnguarded.evaluate(creation(inNamespace('kube-system'))))).to.equal(
      'the namespace kube-system is left out by the webhooks for pods, so members there can be deleted without a question\ncreate the cluster in a namespace of its own',
    );
  });
});
