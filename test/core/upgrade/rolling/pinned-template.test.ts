import { expect } from 'chai';
import type { StatefulSet } from '../../../../src/api/kubernetes.ts';
import { restartAtAnnotation } from '../../../../src/api/labels.ts';
import { isApplied, withHash } from '../../../../src/core/workload/drift.ts';
import { withPinnedTemplate } from '../../../../src/core/upgrade/rolling/pinned-template.ts';
import { statefulSet } from '../../../support/observation.ts';
import { targetImage, upgrade } from './rolling-observation.ts';

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
