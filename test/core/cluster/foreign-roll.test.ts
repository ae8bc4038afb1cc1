import { expect } from 'chai';
import type { StatefulSet } from '../../../src/api/kubernetes.ts';
import { appliedImageAnnotation } from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known } from '../../../src/core/model/known.ts';
import { withPinnedTemplate } from '../../../src/core/upgrade/rolling/pinned-template.ts';
import {
  claim,
  context,
  observation,
  settledCluster,
  settledStatus,
  statefulSet,
} from '../../support/observation.ts';
import { inputsOf } from '../workload/inputs-of.ts';

const running = 'openbao/openbao:2.5.5';
const theirs = 'openbao/openbao:2.4.4';
const image = {
  'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"openbao"}': { 'f:image': {} } } } } },
};
const asked = { 'f:metadata': { 'f:annotations': { [`f:${appliedImageAnnotation}`]: {} } } };

/** Somebody has lowered the partition to 0, and the pods go to `template`. */
function rolled(
  template: string,
  managedFields: readonly object[],
  annotations: Readonly<Record<string, string>> = { [appliedImageAnnotation]: running },
): StatefulSet {
  const set = statefulSet({ partition: 0, image: template, updateRevision: 'prod-9', annotations });
  return { ...set, metadata: { ...set.metadata, managedFields } as StatefulSet['metadata'] };
}

const edited = rolled(theirs, [
  { manager: 'rollguard', operation: 'Apply', fieldsV1: asked },
  { manager: 'kubectl-edit', operation: 'Update', fieldsV1: image },
]);
const ours = rolled(
  'openbao/openbao:2.5.6',
  [{ manager: 'rollguard', operation: 'Apply', fieldsV1: { ...image, ...asked } }],
  { [appliedImageAnnotation]: 'openbao/openbao:2.5.6' },
);

const madeFrom = (set: StatefulSet, status: OpenBaoClusterStatus = settledStatus()) => {
  const { image: runs, partition } = inputsOf(settledCluster({}, status), {
    statefulSet: set,
    claims: [claim(0)],
  });
  return { image: runs, partition };
};
const decided = (set: StatefulSet, spec: Parameters<typeof settledCluster>[0] = {}) =>
  decideCluster(observation({ cluster: settledCluster(spec), statefulSet: known(set) }), context());

describe('an image that somebody else has written into the StatefulSet, with pods let go to it', () => {
  it('is taken back, and takes no other pod', () => {
    expect(madeFrom(edited)).to.deep.equal({ image: running, partition: 3 });
    const wanted = statefulSet({ image: running });
    expect(withPinnedTemplate(wanted, edited, settledStatus())).to.equal(wanted);
  });

  it('is so as well where they have written the mark too, or where nobody is named', () => {
    const applied = { ...image, ...asked };
    for (const set of [
      rolled(theirs, [{ manager: 'helm', operation: 'Apply', fieldsV1: applied }]),
      rolled(theirs, []),
      rolled(theirs, [{ manager: 'kubectl-edit', fieldsV1: image }], {}),
      rolled(running.replace('openbao/', 'evil.example/openbao/'), [
        { manager: 'kubectl-edit', fieldsV1: image },
      ]),
    ])
      expect(madeFrom(set)).to.deep.equal({ image: running, partition: 3 });
  });

  it('is carried on where it is ours and a status was lost, also where another has written the same', () => {
    expect(madeFrom(ours)).to.deep.equal({ image: 'openbao/openbao:2.5.6', partition: 0 });
    const metadata = ours.metadata as { managedFields?: readonly object[] };
    const shared = [
      ...(metadata.managedFields ?? []),
      { manager: 'argocd', operation: 'Apply', fieldsV1: image },
    ];
    const both = {
      ...ours,
      metadata: { ...ours.metadata, managedFields: shared } as StatefulSet['metadata'],
    };
    expect(madeFrom(both)).to.deep.equal({ image: 'openbao/openbao:2.5.6', partition: 0 });
    const { image: _, ...imageLost } = settledStatus();
    expect(madeFrom(edited, imageLost)).to.deep.equal({ image: theirs, partition: 0 });
  });

  it('holds, says who has written it, and lets nothing begin', () => {
    const { status, events } = decided(edited, { version: '2.5.6' });
    expect(status.lastErrorReason).to.equal('ImageOverwritten');
    expect(status.lastErrorMessage).to.include('(kubectl-edit)').and.include(theirs);
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).to.equal('False');
    expect(status.upgrade).to.equal(undefined);
    expect(events.map(({ reason }) => reason)).to.include('ImageOverwritten');
    expect(decided(ours).status.lastErrorReason).to.not.equal('ImageOverwritten');
    expect(decided(statefulSet()).status.lastErrorReason).to.equal(undefined);
  });

  it('tells it once', () => {
    const { status } = decided(edited);
    const again = decideCluster(
      observation({ cluster: settledCluster({}, status), statefulSet: known(edited) }),
      context(),
    );
    expect(again.events).to.deep.equal([]);
  });
});
