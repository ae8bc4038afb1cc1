import { expect } from 'chai';
import type { PersistentVolumeClaim } from '../../../src/api/kubernetes.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { Permission } from '../../../src/core/policies/policy.ts';
import { changedMarks, clusterOfVolume } from '../../../src/core/policies/volume-change.ts';
import { volumeMarkPermission } from '../../../src/core/policies/volume-mark-permission.ts';
import { reasonsOf, textOf, volume } from '../../support/builders.ts';

const refused = ['PermissionRequired'];
const change = (
  object: PersistentVolumeClaim,
  oldObject?: PersistentVolumeClaim,
  permission: Permission = known(false),
) => ({ object, ...(oldObject === undefined ? {} : { oldObject }), permission });

const written = (annotations: Readonly<Record<string, string>>, labels = volume().metadata.labels ?? {}) => {
  const { metadata, ...rest } = volume();
  return { ...rest, metadata: { ...metadata, annotations, labels } };
};

describe('volume-mark-permission', () => {
  const bare = written({});
  const cases = [
    { name: 'a stamp on a new volume', object: volume('99.0.0'), reasons: refused },
    { name: 'an empty stamp on a new volume', object: volume(''), reasons: refused },
    { name: 'a higher stamp', object: volume('99.0.0'), oldObject: volume('2.5.5'), reasons: refused },
    { name: 'a stamp that is taken off', object: bare, oldObject: volume('2.6.0'), reasons: refused },
    {
      name: 'the id of the cluster that is taken off',
      object: bare,
      oldObject: written({ 'rollguard.io/cluster-id': 'x' }),
      reasons: refused,
    },
    {
      name: 'a version that may have run, taken off',
      object: bare,
      oldObject: written({ 'rollguard.io/attempted-version': '2.6.0' }),
      reasons: refused,
    },
    {
      name: 'a successor',
      object: written({ 'rollguard.io/succeeded-by': 'r0123456789' }),
      oldObject: bare,
      reasons: refused,
    },
    { name: 'the label that is taken off', object: written({}, {}), oldObject: bare, reasons: refused },
    {
      name: 'the label of another cluster',
      object: written({}, { 'openbao.org/cluster': 'mine' }),
      oldObject: bare,
      reasons: refused,
    },
    { name: 'a new volume without a mark', object: bare, reasons: [] },
    { name: 'another annotation', object: written({ note: 'x' }), oldObject: bare, reasons: [] },
    { name: 'the same marks', object: volume('2.5.5'), oldObject: volume('2.5.5'), reasons: [] },
    {
      name: 'a stamp on a volume that no member has',
      object: volume('99.0.0', 'data-of-mine'),
      oldObject: volume(undefined, 'data-of-mine'),
      reasons: [],
    },
  ];
  for (const { name, object, oldObject, reasons } of cases) {
    it(`${reasons.length === 0 ? 'leaves free' : 'asks for the verb for'} ${name} (P4)`, () => {
      expect(reasonsOf(volumeMarkPermission, change(object, oldObject))).to.deep.equal(reasons);
      expect(reasonsOf(volumeMarkPermission, change(object, oldObject, known(true)))).to.deep.equal([]);
      expect(reasonsOf(volumeMarkPermission, change(object, oldObject, unknown('timeout')))).to.deep.equal(
        reasons,
      );
    });
  }

  it('names what is changed, and the cluster by the name of the claim alone', () => {
    const moved = written({}, { 'openbao.org/cluster': 'mine' });
    expect(textOf(volumeMarkPermission.evaluate(change(moved, bare)))).to.contain(
      'changing metadata.labels[openbao.org/cluster] of volume data-prod-0 needs the verb "maintenance" on openbaocluster bao/prod',
    );
    for (const [name, cluster] of [
      ['data-prod-0', 'prod'],
      ['data-prod-r0123456789-10', 'prod'],
      ['data-prod-0123456789abcdef-0', 'prod'],
      ['data-a-b-3', 'a-b'],
      ['data-prod-01', undefined],
      ['data-prod', undefined],
      ['data--0', undefined],
      ['prod-0', undefined],
      ['', undefined],
    ] as const)
      expect(clusterOfVolume(change(volume('1.0.0', name))), name).to.equal(cluster);
    expect(changedMarks(change(volume('2.5.5'), bare))).to.deep.equal([
      'metadata.annotations[rollguard.io/openbao-version]',
    ]);
  });
});
