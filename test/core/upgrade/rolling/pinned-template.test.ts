import { expect } from 'chai';
import type { StatefulSet } from '../../../../src/api/kubernetes.ts';
import { appliedImageAnnotation, restartAtAnnotation } from '../../../../src/api/labels.ts';
import { isApplied, withHash } from '../../../../src/core/workload/drift.ts';
import { withPinnedGreen, withPinnedTemplate } from '../../../../src/core/upgrade/rolling/pinned-template.ts';
import { decideCluster } from '../../../../src/core/cluster/decide.ts';
import { known } from '../../../../src/core/model/known.ts';
import {
  context,
  member,
  membersOf,
  newRevision,
  observation,
  oldRevision,
  serverPod,
  settledCluster,
  settledStatus,
  statefulSet,
} from '../../../support/observation.ts';
import { decideMidway, fromImage, targetImage, upgrade } from './rolling-observation.ts';

/** The StatefulSet with this in its template, as a changed spec or a new Rollguard renders it. */
function rendered(partition: number, annotations: Readonly<Record<string, string>>): StatefulSet {
  const { status: _, ...set } = statefulSet({ partition, image: targetImage });
  return { ...set, spec: { ...set.spec, template: { ...set.spec?.template, metadata: { annotations } } } };
}

const templateOf = (object: object) => (object as StatefulSet).spec?.template;
const live = statefulSet({ partition: 2, image: targetImage });
const changed = rendered(1, { changed: 'yes' });

describe('the template in the middle of a roll', () => {
  it('stays what it is while pods run it; the partition goes on', () => {
    const pinned = withPinnedTemplate(changed, live, { upgrade: upgrade({ currentPartition: 1 }) });
    expect(templateOf(pinned)).to.deep.equal(live.spec?.template);
    expect((pinned as StatefulSet).spec?.updateStrategy?.rollingUpdate?.partition).to.equal(1);
  });

  it('stays also while the first pod catches up', () => {
    const first = upgrade({ completedPods: undefined, catchUp: [{ ordinal: 2, podUID: 'new-2' }] });
    expect(templateOf(withPinnedTemplate(changed, live, { upgrade: first }))).to.deep.equal(
      live.spec?.template,
    );
  });

  it('of a green half that is upgraded in place stays what its first pod has got', () => {
    const blueGreen = { upgradesGreenInPlace: true, greenImage: targetImage, blueReplicas: 3 };
    const pinned = (greenPartition: number) =>
      withPinnedGreen(changed, live, { blueGreen: { ...blueGreen, greenPartition } });
    expect(templateOf(pinned(2))).to.deep.equal(live.spec?.template);
    expect(pinned(3)).to.equal(changed);
    expect(withPinnedGreen(changed, live, { blueGreen })).to.equal(changed);
    const old = { ...blueGreen, greenPartition: 2, greenImage: 'openbao/openbao:9.9.9' };
    expect(withPinnedGreen(changed, live, { blueGreen: old })).to.equal(changed);
  });

  it('is what is rendered before the first pod is up: it may be the cure of one that crashes', () => {
    const first = upgrade({ phase: 'Replacing', completedPods: undefined });
    expect(withPinnedTemplate(changed, live, { upgrade: first })).to.equal(changed);
  });

  it('is what is rendered for another target', () => {
    const other = statefulSet({ partition: 2, image: 'openbao/openbao:2.5.5' });
    expect(withPinnedTemplate(changed, other, { upgrade: upgrade() })).to.equal(changed);
  });

  it('is what is rendered for a restart that the live one does not carry', () => {
    const restart = upgrade({ restartAt: '2026-01-02T00:00:00Z' });
    expect(withPinnedTemplate(changed, live, { upgrade: restart })).to.equal(changed);
    const carried = rendered(2, { [restartAtAnnotation]: '2026-01-02T00:00:00Z' });
    expect(templateOf(withPinnedTemplate(changed, carried, { upgrade: restart }))).to.deep.equal(
      carried.spec?.template,
    );
  });

  it('is what is rendered before and after the roll, and where there is no StatefulSet', () => {
    expect(withPinnedTemplate(changed, live, {})).to.equal(changed);
    expect(withPinnedTemplate(changed, live, { upgrade: upgrade({ phase: 'Snapshot' }) })).to.equal(changed);
    expect(withPinnedTemplate(changed, undefined, { upgrade: upgrade() })).to.equal(changed);
  });

  it('is found applied once it is', () => {
    const pinned = withPinnedTemplate(withHash(changed), live, { upgrade: upgrade({ currentPartition: 1 }) });
    expect(isApplied(pinned, live)).to.equal(false);
    expect(isApplied(pinned, { ...live, ...pinned })).to.equal(true);
    expect(withPinnedTemplate(changed, { ...live, ...pinned }, { upgrade: upgrade() })).to.deep.equal(pinned);
  });
});

describe('V3: a template whose image admission has spelled otherwise', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const spelled = (image: string, partition: number) =>
    statefulSet({
      partition,
      image: `${image}@${digest}`,
      currentRevision: oldRevision,
      updateRevision: newRevision,
      annotations: { [appliedImageAnnotation]: image },
    });

  it('starts no upgrade, and is recorded as it was asked for', () => {
    const { image: _, ...unrecorded } = settledStatus();
    const set = spelled(fromImage, 3);
    const seen = observation({
      cluster: settledCluster({}, unrecorded),
      statefulSet: known({ ...set, status: { ...set.status, updateRevision: oldRevision } }),
    });
    const { status } = decideCluster(seen, context());
    expect(status.image).to.equal(fromImage);
    const again = decideCluster({ ...seen, cluster: { ...seen.cluster, status } }, context());
    expect(again.status.upgrade).to.equal(undefined);
  });

  it('is in place: the next pod has its turn', () => {
    const told = decideMidway({
      upgrade: upgrade({ phase: 'Locking', currentPartition: undefined, completedPods: undefined }),
      observation: {
        statefulSet: known(spelled(targetImage, 3)),
        pods: known([0, 1, 2].map((each) => serverPod(each))),
        members: membersOf(member(0), member(1), member(2)),
      },
    });
    expect(told.status.upgrade).to.include({ phase: 'Replacing', currentPartition: 2 });
    expect(told.status.upgrade?.waitingFor).to.not.contain('template');
  });

  it('is not in place while it is that of before', () => {
    const told = decideMidway({
      upgrade: upgrade({ phase: 'Locking', currentPartition: undefined, completedPods: undefined }),
      observation: { statefulSet: known(spelled(fromImage, 3)) },
    });
    expect(told.status.upgrade).to.include({ phase: 'Locking' });
    expect(told.status.upgrade?.waitingFor).to.contain(`still has the image ${fromImage}`);
  });

  it('stays what it is while pods run it', () => {
    const set = spelled(targetImage, 2);
    expect(templateOf(withPinnedTemplate(changed, set, { upgrade: upgrade() }))).to.deep.equal(
      set.spec?.template,
    );
  });
});
