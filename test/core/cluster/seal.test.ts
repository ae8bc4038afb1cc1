import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import type { KubernetesObject, StatefulSet } from '../../../src/api/kubernetes.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { decideSeal } from '../../../src/core/cluster/seal.ts';
import { decideUnsealKey } from '../../../src/core/cluster/secrets.ts';
import { sealKeyId } from '../../../src/core/model/names.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { ClusterSecrets } from '../../../src/core/model/observation.ts';
import {
  claim,
  context,
  emptyMember,
  membersOf,
  observation,
  serverPod,
  settledCluster,
  statefulSet,
} from '../../support/observation.ts';
import { sealEnvironment } from '../../../src/core/workload/seal.ts';
import { sealId } from '../../../src/core/model/seal.ts';
import { wordsOf } from '../../support/notices.ts';

const transit = { address: 'https://keys:8200', mountPath: 'transit', keyName: 'prod' };
const unseal = {
  type: 'transit' as const,
  transit,
  credentialsSecretRef: { name: 'prod-seal', keys: ['token', 'tls_ca_cert'] },
};
const id = 'transit mount_path=transit key_name=prod';
const key: ClusterSecrets = { unsealKey: true, certificates: 'valid' };
const withoutStatic: ClusterSecrets = { unsealKey: false, certificates: 'valid' };

/** The StatefulSet as it is rendered from this spec. */
function setOf(spec: object): StatefulSet {
  const set = statefulSet();
  const env = sealEnvironment(settledCluster(spec));
  const template = { spec: { containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5', env }] } };
  return { ...set, spec: { ...set.spec, template } };
}

/** What is recorded, and what is said, of a cluster with the seal transit. */
function decided(
  stored: OpenBaoClusterStatus,
  status: OpenBaoClusterStatus,
  secrets: ClusterSecrets | undefined = withoutStatic,
  spec: object = { unseal },
  given: Parameters<typeof observation>[0] = {},
): readonly (string | undefined)[] {
  const seen = observation({
    cluster: settledCluster(spec, stored),
    secrets: secrets === undefined ? unknown('no answer') : known(secrets),
    statefulSet: known(setOf({ unseal })),
    ...given,
  });
  const { status: next, notices = [] } = decideSeal(seen, status, context());
  return [next.seal, ...notices.map(({ reason }) => reason)];
}

describe('the seal of a cluster', () => {
  it('is recorded when there is data, and never for static', () => {
    expect(decided({}, {})).to.deep.equal([undefined]);
    expect(decided({}, { initialized: true })).to.deep.equal([id]);
    const isStatic = { statefulSet: known(setOf({})) };
    expect(decided({}, { initialized: true }, key, {}, isStatic)).to.deep.equal([undefined]);
    // A key of an earlier cluster of this name is none of a cluster that is born now.
    expect(decided({}, { initialized: true }, key)).to.deep.equal([id]);
  });

  it('is recorded again, where a status was lost, from what runs, whatever spec says by then (L1)', () => {
    const lost = { initialized: true };
    expect(decided(lost, lost)).to.deep.equal([id]);
    const other = { unseal: { ...unseal, transit: { ...transit, keyName: 'other' } } };
    for (const stored of [lost, {}]) {
      expect(decided(stored, lost, withoutStatic, other)).to.deep.equal([id, 'SealChanged']);
      expect(decided(stored, lost, withoutStatic, {})).to.deep.equal([id, 'SealChanged']);
    }
    const isStatic = { statefulSet: known(setOf({})) };
    expect(decided(lost, lost, key, { unseal }, isStatic)).to.deep.equal([sealKeyId, 'SealChanged']);
  });

  it('is not recorded before a member has opened its data with it, and none other is rendered (L1)', () => {
    const lost = { initialized: true };
    const sealed = {
      members: membersOf(...[0, 1, 2].map((each) => emptyMember(each, { initialized: true }))),
    };
    expect(decided(lost, lost, withoutStatic, { unseal }, sealed)).to.deep.equal([undefined]);
    expect(decided(lost, lost, withoutStatic, {}, sealed)).to.deep.equal([undefined, 'SealChanged']);
    const seen = (members: object) =>
      observation({
        cluster: settledCluster({}, lost),
        secrets: known(withoutStatic),
        statefulSet: known(setOf({ unseal })),
        ...members,
      });
    const told = (members: object) => wordsOf(decideSeal(seen(members), lost, context()).notices?.[0]);
    expect(told(sealed)).to.contain('no member could ever open its data').and.to.contain('Retain');
    expect(told({})).to.not.contain('Retain');
    // Of pods that were made from another template nothing follows.
    const pods = known([0, 1, 2].map((each) => serverPod(each, { revision: 'prod-0' })));
    expect(decided(lost, lost, withoutStatic, { unseal }, { pods })).to.deep.equal([undefined]);
    for (const statefulSet_ of [known(undefined), unknown('no answer')])
      expect(decided(lost, lost, key, { unseal }, { statefulSet: statefulSet_ })).to.deep.equal([undefined]);
  });

  it('is told of a plugin, and of a text that the kubelet would have taken for a reference', () => {
    const plugin = {
      unseal: { type: 'kms' as const, kms: { name: 'transit', config: { key: 'a$(b)$c' } } },
    };
    const given = { statefulSet: known(setOf(plugin)) };
    const own = sealId(settledCluster(plugin));
    expect(own).to.match(/^transit settings=/);
    expect(decided({}, { initialized: true }, withoutStatic, plugin, given)).to.deep.equal([own]);
    for (const value of ['', '{', '[]', '{"seal":3}', '{"seal":[null]}', '{"seal":[{"x":null}]}']) {
      const set = setOf({ unseal });
      const env = [{ name: 'ROLLGUARD_SEAL', value }];
      const template = { spec: { containers: [{ name: 'openbao', env }] } };
      const broken = { statefulSet: known({ ...set, spec: { ...set.spec, template } }) };
      expect(decided({}, { initialized: true }, withoutStatic, { unseal }, broken), value).to.deep.equal([
        undefined,
      ]);
    }
  });

  it('is the static one again once spec is put back', () => {
    const recorded = { initialized: true, seal: sealKeyId };
    expect(decided(recorded, recorded, key, {})).to.deep.equal([sealKeyId]);
    expect(decided(recorded, recorded, withoutStatic)).to.deep.equal([sealKeyId, 'SealChanged']);
  });

  it('is held where spec asks for another one', () => {
    const sealed = { initialized: true, seal: 'transit mount_path=transit key_name=other' };
    expect(decided(sealed, sealed)).to.deep.equal([sealed.seal, 'SealChanged']);
    expect(decided({ ...sealed, seal: id }, { ...sealed, seal: id })).to.deep.equal([id]);
    // From transit back to static, which nothing names.
    expect(decided(sealed, sealed, withoutStatic, {})).to.deep.equal([sealed.seal, 'SealChanged']);
  });

  it('lets neither the StatefulSet nor the ConfigMap follow another seal', () => {
    const object = (kind: string): KubernetesObject => ({ apiVersion: 'v1', kind, metadata: { name: 'x' } });
    const drifted = known(['ConfigMap', 'Service', 'StatefulSet'].map(object));
    const applied = (keyName: string) => {
      const cluster = settledCluster({ unseal: { ...unseal, transit: { ...transit, keyName } } });
      const status = { ...cluster.status, seal: id };
      const seen = observation({
        cluster: { ...cluster, status },
        secrets: known(withoutStatic),
        drifted,
      });
      const { effects } = decideCluster(seen, context());
      return effects.flatMap((effect) => (effect.kind === 'apply' ? effect.object.kind : []));
    };
    expect(applied('prod')).to.include('ConfigMap');
    expect(applied('other')).to.deep.equal(['Service']);
  });

  it('needs no key of ours, and no key is made for it', () => {
    for (const claims of [known([]), known([claim(0)])]) {
      const seen = (spec: object) =>
        observation({ cluster: settledCluster(spec, {}), secrets: known(withoutStatic), claims });
      expect(decideUnsealKey(seen({ unseal }), {}, context())).to.deep.equal({
        status: {},
        effects: [],
        events: [],
      });
      expect(decideUnsealKey(seen({}), {}, context())).not.to.deep.equal({
        status: {},
        effects: [],
        events: [],
      });
    }
  });

  it('is held while what opens it is missing, and names the command', () => {
    const notice = (missing: readonly string[]) => {
      const seen = observation({
        cluster: settledCluster({ unseal }),
        secrets: known({ ...withoutStatic, missingSealCredentials: missing }),
      });
      return decideSeal(seen, {}, context()).notices?.[0];
    };
    expect(notice(['token', 'tls_ca_cert'])).to.include({ kind: 'held', reason: 'SealCredentialsMissing' });
    expect(wordsOf(notice(['token', 'tls_ca_cert']))).to.equal(
      'the Secret prod-seal does not have token, tls_ca_cert, and no member can start without. Create it, or add them to it: kubectl create secret generic prod-seal -n bao --from-file=token --from-file=tls_ca_cert --dry-run=client -o yaml | kubectl apply -f -',
    );
    expect(wordsOf(notice(['tls_ca_cert'])))
      .to.contain('does not have tls_ca_cert,')
      .and.to.contain('kubectl edit secret prod-seal -n bao');
  });
});
