import { expect } from 'chai';
import { known } from '../../../../src/core/model/known.ts';
import {
  member,
  membersOf,
  newRevision,
  oldRevision,
  serverPod,
  statefulSet,
} from '../../../support/observation.ts';
import { at, decideMidway, newPod, upgrade } from './rolling-observation.ts';

/** prod-2, the first one, is in work, and its newest start has ended with these words. */
function crashed(words: string, spec: { readonly version: string }) {
  const image = 'openbao/openbao:2.5.7';
  const terminated = { exitCode: 1, startedAt: at(-2), finishedAt: at(-1), message: words };
  const pod = newPod(2, { image, ready: false });
  const container = { name: 'openbao', restartCount: 0, state: { terminated } };
  return decideMidway({
    spec,
    upgrade: upgrade({
      phase: 'Replacing',
      targetVersion: '2.5.7',
      targetImage: image,
      completedPods: undefined,
      replacing: { ordinal: 2, oldPodUID: 'pod-2' },
    }),
    observation: {
      statefulSet: known(
        statefulSet({ partition: 2, image, currentRevision: oldRevision, updateRevision: newRevision }),
      ),
      members: membersOf(member(0), member(1)),
      pods: known([
        serverPod(0),
        serverPod(1),
        { ...pod, status: { ...pod.status, containerStatuses: [container] } },
      ]),
    },
  });
}

describe('a target that has opened no data', () => {
  const seal = 'Error configuring seal "x": unknown wrapper: x';

  it('gives way to an older one, which need not be the one that runs', () => {
    const { status, effects } = crashed(seal, { version: '2.5.6' });
    expect(status.lastErrorMessage).to.equal(undefined);
    expect(status.upgrade?.retarget).to.include({ version: '2.5.6', image: 'openbao/openbao:2.5.6' });
    expect(effects).to.have.length(1);
  });

  it('does not where it may have opened the data', () => {
    const { status } = crashed('panic', { version: '2.5.6' });
    expect(status.lastErrorReason).to.equal('DowngradeBlocked');
  });
});
