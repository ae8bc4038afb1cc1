import { expect } from 'chai';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { context, observation, settledCluster, settledStatus } from '../../support/observation.ts';

type Namespace = ReturnType<typeof observation>['namespace'];

const labelled = (labels: Readonly<Record<string, string>>): Namespace =>
  known({ metadata: { name: 'bao', uid: 'n-1', labels } });
const guarded = { 'rollguard.io/guarded': 'true' };

/** What is told in one look after another. */
function told(...namespaces: readonly Namespace[]) {
  let status = settledStatus();
  return namespaces.map((namespace) => {
    const seen = observation({ cluster: settledCluster({}, status), namespace });
    const decision = decideCluster(seen, context());
    ({ status } = decision);
    const condition = status.conditions?.find(({ type }) => type === 'Unguarded');
    const events = decision.events.filter(({ action }) => action === 'Guard').map(({ reason }) => reason);
    return [condition?.status, condition?.reason, ...events].filter((each) => each !== undefined).join(' ');
  });
}

describe('a namespace in which the gate is off (C5)', () => {
  it('is told by a condition and an Event, once, and again when it changes', () => {
    const off = labelled({ 'rollguard.io/guarded': 'false' });
    const warns = labelled({ ...guarded, 'rollguard.io/enforce': 'warn' });
    expect(told(labelled(guarded), off, off, warns, labelled(guarded), labelled(guarded))).to.deep.equal([
      '',
      'True GuardOff GuardOff',
      'True GuardOff',
      'True WarnsOnly WarnsOnly',
      'False Guarded Guarded',
      'False Guarded',
    ]);
  });

  it('counts as it was while the namespace cannot be read', () => {
    const off = labelled({ 'rollguard.io/guarded': 'no' });
    expect(told(unknown('it is not seen'), off, unknown('it is not seen'))).to.deep.equal([
      '',
      'True GuardOff GuardOff',
      'True GuardOff',
    ]);
  });

  it('is no namespace that has no label yet, which gets it, nor one with another word for enforce', () => {
    expect(told(labelled({}))).to.deep.equal(['']);
    expect(told(labelled({ ...guarded, 'rollguard.io/enforce': 'deny' }))).to.deep.equal(['']);
  });

  it('is told where no label can switch it on, which is not tried (P8)', () => {
    const namespace: Namespace = known({ metadata: { name: 'kube-system', uid: 'n-1', labels: guarded } });
    expect(told(namespace, namespace)).to.deep.equal([
      'True NamespaceExcluded NamespaceExcluded',
      'True NamespaceExcluded',
    ]);
    const bare: Namespace = known({ metadata: { name: 'kube-system', uid: 'n-1' } });
    const seen = observation({ cluster: settledCluster(), namespace: bare });
    const patched = decideCluster(seen, context()).effects.filter(
      (effect) => effect.kind === 'patch' && effect.target.kind === 'Namespace',
    );
    expect(patched).to.deep.equal([]);
  });

  it('says how to switch it on', () => {
    const cluster = settledCluster();
    const seen = observation({ cluster, namespace: labelled({ 'rollguard.io/guarded': 'false' }) });
    const { status } = decideCluster(seen, context());
    const { message } = status.conditions?.find(({ type }) => type === 'Unguarded') ?? {};
    expect(message).to.contain('kubectl label namespace bao rollguard.io/guarded=true --overwrite');
  });
});
