import { wordsOf } from '../../support/notices.ts';
import { expect } from 'chai';
import type { ClusterSecrets } from '../../../src/core/model/observation.ts';
import { decideInitialization } from '../../../src/core/cluster/bootstrap.ts';
import { decideGuarding } from '../../../src/core/cluster/guard.ts';
import { keepsPodsAsTheyAre } from '../../../src/core/cluster/children.ts';
import { decideCertificates, decideUnsealKey } from '../../../src/core/cluster/secrets.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { claim, context, observation, settledCluster } from '../../support/observation.ts';

const unborn = { unsealKey: false, certificates: 'absent' } as const satisfies ClusterSecrets;
const unread = unknown('the API server did not answer');

describe('the unseal key', () => {
  for (const [title, given, status, outcome] of [
    ['is made when nothing was ever there', { claims: known([]) }, {}, 'createUnsealKey'],
    [
      'is never made again for an initialized cluster',
      { claims: known([]) },
      { initialized: true },
      'UnsealKeyMissing',
    ],
    [
      'is never made where a volume of an earlier life is',
      { claims: known([claim(0)]) },
      {},
      'UnsealKeyMissing',
    ],
    ['is not made while the volumes are unknown', { claims: unread }, {}, 'ClaimsUnknown'],
    ['is not made while the Secrets are unknown', { secrets: unread }, {}, 'SecretsUnknown'],
    [
      'is not made while paused',
      { claims: known([]), cluster: settledCluster({ paused: true }, {}) },
      {},
      'Paused',
    ],
  ] as const) {
    it(title, () => {
      const seen = observation({ secrets: known(unborn), ...given });
      const { effects, notices } = decideUnsealKey(seen, status, context());
      expect([
        ...effects.map(({ kind }) => kind),
        ...(notices ?? []).map(({ reason }) => reason),
      ]).to.deep.equal([outcome]);
    });
  }

  it('is neither made nor replaced where its Secret lacks the entry that members read', () => {
    const malformed = { ...unborn, unsealKeyMalformed: true, unsealKeyUID: 'key-1' };
    const seen = observation({ claims: known([]), secrets: known(malformed) });
    const { effects, notices } = decideUnsealKey(seen, {}, context());
    expect(effects).to.deep.equal([]);
    expect(notices?.[0]).to.include({ kind: 'held', reason: 'UnsealKeyMissing' });
    expect(wordsOf(notices?.[0])).to.contain('has no entry key,').and.to.contain('--from-file=key=FILE');
  });

  it('L2: is to be made again where its Secret was deleted and the finalizer alone keeps it', () => {
    const secrets = known({
      unsealKey: true,
      unsealKeyUID: 'key-1',
      unsealKeyGoing: true,
      certificates: 'valid',
    } as const);
    const [notice] = decideUnsealKey(observation({ secrets }), {}, context()).notices ?? [];
    expect(notice).to.include({ kind: 'held', reason: 'UnsealKeyDeleting' });
    expect(wordsOf(notice)).to.contain(
      'get secret prod-unseal-key -n bao -o yaml > prod-unseal-key.yaml && ',
    );
    expect(keepsPodsAsTheyAre(notice === undefined ? [] : [notice])).to.equal(true);
  });

  it('is left alone when it is there', () => {
    expect(decideUnsealKey(observation(), {}, context())).to.deep.equal({
      status: {},
      effects: [],
      events: [],
    });
  });

  it('names the remedy when it is gone', () => {
    const seen = observation({ secrets: known(unborn), claims: known([claim(0)]) });
    const [notice] = decideUnsealKey(seen, {}, context()).notices ?? [];
    expect(notice?.kind).to.equal('held');
    expect(wordsOf(notice))
      .to.contain('prod-unseal-key')
      .and.to.contain('kubectl delete pvc -n bao data-prod-0');
  });
});

describe('certificates', () => {
  const certificates = (state: ClusterSecrets['certificates'], spec = {}) => {
    const secrets = known({ unsealKey: true, certificates: state });
    const { effects, events, notices } = decideCertificates(
      observation({ cluster: settledCluster(spec), secrets }),
      {},
      context(),
    );
    return [effects, events, notices ?? []]
      .flat()
      .map((each) => ('reason' in each ? each.reason : each.kind));
  };

  it('are issued when absent and renewed when due', () => {
    expect(certificates('absent')).to.deep.equal(['issueCertificates', 'CertificatesIssued']);
    expect(certificates('due')).to.deep.equal(['issueCertificates', 'CertificatesRenewed']);
    expect(certificates('valid')).to.deep.equal([]);
  });

  it('are awaited with tls.mode External', () => {
    expect(certificates('absent', { tls: { mode: 'External' } })).to.deep.equal(['CertificatesMissing']);
    const seen = observation({
      cluster: settledCluster({ tls: { mode: 'External' } }),
      secrets: known({ unsealKey: true, certificates: 'absent' }),
    });
    const [notice] = decideCertificates(seen, {}, context()).notices ?? [];
    // To let Rollguard issue them swaps the CA under every client.
    expect(wordsOf(notice))
      .to.contain('kubectl create secret generic prod-tls-ca -n bao --from-file=ca.crt')
      .and.to.match(/kubectl create secret tls prod-tls-server -n bao --cert=tls.crt --key=tls.key$/)
      .and.not.to.contain('OperatorManaged');
  });

  it('are not issued while paused', () => {
    expect(certificates('due', { paused: true })).to.deep.equal(['Paused']);
  });
});

describe('a cluster that somebody else initializes', () => {
  it('holds until it is initialized', () => {
    const seen = observation({
      cluster: settledCluster({ selfInit: { enabled: false } }),
      claims: known([claim(0, null)]),
    });
    expect(decideInitialization(seen, {}, context()).notices?.[0]).to.include({
      kind: 'held',
      reason: 'SelfInitRequired',
    });
    const [notice] = decideInitialization(seen, {}, context()).notices ?? [];
    // Switching selfInit on does nothing once the pod has started.
    expect(wordsOf(notice)).to.match(/kubectl exec -n bao prod-0 -c openbao -- bao operator init$/);
    expect(decideInitialization(seen, { initialized: true }, context())).to.not.have.property('notices');
  });
});

describe('the namespace', () => {
  const guarding = (labels: Record<string, string>, spec = {}) => {
    const metadata = { name: 'bao', uid: 'n-1', labels };
    const seen = observation({ cluster: settledCluster(spec), namespace: known({ metadata }) });
    return decideGuarding(seen, {}, context()).effects;
  };

  it('is labelled as guarded, once and unless somebody said no', () => {
    expect(guarding({})).to.deep.equal([
      {
        kind: 'patch',
        target: { apiVersion: 'v1', kind: 'Namespace', name: 'bao' },
        uid: 'n-1',
        patch: { metadata: { labels: { 'rollguard.io/guarded': 'true' } } },
      },
    ]);
    expect(guarding({ 'rollguard.io/guarded': 'false' })).to.deep.equal([]);
    expect(guarding({ 'rollguard.io/guarded': 'true' })).to.deep.equal([]);
    expect(guarding({}, { paused: true })).to.deep.equal([]);
  });
});
