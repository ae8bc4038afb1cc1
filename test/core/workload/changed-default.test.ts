import { expect } from 'chai';
import type { StatefulSet } from '../../../src/api/kubernetes.ts';
import type { RollingUpgrade } from '../../../src/api/openbaocluster.ts';
import { isApplied } from '../../../src/core/workload/drift.ts';
import { pendingRestart } from '../../../src/core/workload/pending-restart.ts';
import { render } from '../../../src/core/workload/render.ts';
import { withPinnedTemplate } from '../../../src/core/upgrade/rolling/pinned-template.ts';
import { cluster } from '../../support/builders.ts';
import { newRevision, oldRevision } from '../../support/observation.ts';
import { setsOf } from './inputs-of.ts';

const image = 'openbao/openbao:2.5.5';
const setOf = (status: Parameters<typeof cluster>[1], statefulSet?: StatefulSet) =>
  render(setsOf(cluster({}, status), { statefulSet })).at(-1) as StatefulSet;
const partitionOf = ({ spec }: StatefulSet) => spec?.updateStrategy?.rollingUpdate?.partition;

/** As a Rollguard left it whose members requested nothing: settled, at the partition at which an upgrade ends. */
function ofOldRollguard(status: Parameters<typeof cluster>[1], partition: number): StatefulSet {
  const made = structuredClone(setOf(status)) as any;
  for (const container of made.spec.template.spec.containers) delete container.resources;
  made.spec.updateStrategy.rollingUpdate.partition = partition;
  made.metadata.generation = 1;
  made.status = { observedGeneration: 1, currentRevision: oldRevision, updateRevision: oldRevision };
  return made;
}

describe('another default of a new Rollguard', () => {
  const running = { initialized: true, image, currentVersion: '2.5.5' };

  it('reaches no pod that runs: it waits behind the partition, and the status says so', () => {
    for (const partition of [0, 3]) {
      const live = ofOldRollguard(running, partition);
      const rendered = setOf(running, live);
      expect(isApplied(rendered, live)).to.equal(false);
      expect(partitionOf(rendered)).to.equal(3);
      // As the StatefulSet controller answers it.
      const status = { ...live.status, observedGeneration: 2, updateRevision: newRevision };
      const metadata = { ...rendered.metadata, generation: 2 };
      expect(pendingRestart({ ...rendered, metadata, status })).to.equal(true);
      // Nor does the next look let a pod go.
      expect(partitionOf(setOf(running, { ...rendered, metadata, status }))).to.equal(3);
    }
  });

  it('does not come in the middle of a roll, at whose partition pods would go', () => {
    const upgrade: RollingUpgrade = {
      phase: 'CatchingUp',
      targetImage: image,
      targetVersion: '2.5.5',
      currentPartition: 1,
      completedPods: [2],
    };
    const live = ofOldRollguard(running, 2);
    const status = { ...running, upgrade };
    const pinned = withPinnedTemplate(setOf(status, live), live, status) as StatefulSet;
    expect(partitionOf(pinned)).to.equal(1);
    expect(pinned.spec?.template).to.deep.equal(live.spec?.template);
  });
});
