import { expect } from 'chai';
import { clusterLabel } from '../../../src/api/labels.ts';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { decideOwnerless } from '../../../src/core/cluster/ownerless.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import { render } from '../../../src/core/workload/render.ts';
import { claim, context, observation, settledCluster } from '../../support/observation.ts';
import { setsOf } from '../workload/inputs-of.ts';

const instance = 'app.kubernetes.io/instance';
const ours = { [clusterLabel]: 'prod', 'app.kubernetes.io/managed-by': 'rollguard' };
const claimed = { ...ours, [instance]: 'prod' };

type Given = Parameters<typeof observation>[0];

const effects = (given: Given, spec: Partial<OpenBaoClusterSpec> = {}) =>
  decideOwnerless(observation({ cluster: settledCluster(spec), ...given }), {}, context()).effects;

describe('L4: what has no owner', () => {
  it('is rendered without the label by which Argo CD takes it for a part of an application', () => {
    const children = render(setsOf(settledCluster())) as any[];
    for (const { kind, metadata, spec } of children) {
      // With an owner it is no application's, whatever its labels.
      if (metadata.ownerReferences === undefined)
        expect(metadata.labels, kind).to.not.have.property(instance);
      for (const template of spec?.volumeClaimTemplates ?? [])
        expect(template.metadata.labels).to.include(ours).and.not.have.property(instance);
    }
    expect(children.some(({ kind }) => kind === 'StatefulSet')).to.equal(true);
  });

  it('has that label taken off where an earlier Rollguard gave it, volumes of earlier members too', () => {
    const claims = known([
      claim(0, null, { labels: claimed }),
      claim(1, null, { labels: ours }),
      claim(7, null, { labels: claimed }),
    ]);
    const volume = (ordinal: number) => ({
      kind: 'patch',
      target: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name: `data-prod-${ordinal}`,
        namespace: 'bao',
      },
      uid: `claim-${ordinal}`,
      patch: { metadata: { labels: { [instance]: null } } },
    });
    expect(effects({ claims })).to.deep.equal([volume(0), volume(7)]);
    expect(effects({ claims }, { paused: true })).to.deep.equal([]);
    expect(effects({ claims: unknown('not read') })).to.deep.equal([]);
    // In the whole decision too.
    expect(decideCluster(observation({ claims }), context()).effects).to.deep.include(volume(7));
  });

  it('keeps a label that is not ours to take', () => {
    const strangers = [
      { ...claimed, 'app.kubernetes.io/managed-by': 'Helm' },
      { ...claimed, [instance]: 'monitoring' },
      { [clusterLabel]: 'prod', [instance]: 'prod' },
    ];
    for (const labels of strangers)
      expect(effects({ claims: known([claim(0, null, { labels })]) })).to.deep.equal([]);
  });

  it('L2: the Secret of an unseal key gets its finalizer and its labels, whatever the seal is by now', () => {
    const secrets = known({
      unsealKey: true,
      unsealKeyUID: 's-1',
      unsealKeyUnkept: true,
      certificates: 'valid',
    } as const);
    const keeps = [{ kind: 'keepUnsealKey', uid: 's-1' }];
    expect(effects({ secrets })).to.deep.equal(keeps);
    expect(effects({ secrets }, { unseal: { type: 'transit' } })).to.deep.equal(keeps);
    expect(effects({ secrets }, { paused: true })).to.deep.equal([]);
    expect(effects({})).to.deep.equal([]);
    expect(effects({ secrets: unknown('not read') })).to.deep.equal([]);
  });
});
