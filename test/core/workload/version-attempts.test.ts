import { expect } from 'chai';
import type { KubernetesObject, PersistentVolumeClaim } from '../../../src/api/kubernetes.ts';
import {
  attemptedVersionAnnotation,
  clusterIdAnnotation,
  dataVersionAnnotation,
} from '../../../src/api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { applyDrifted } from '../../../src/core/cluster/children.ts';
import { known, unknown, type Known } from '../../../src/core/model/known.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { withoutAttempts } from '../../../src/core/workload/version-attempts.ts';
import {
  claim,
  clusterId,
  observation,
  settledCluster,
  settledStatus,
  statefulSet,
} from '../../support/observation.ts';
import {
  decideMidway,
  newMember,
  newPod,
  rollingSet,
  targetImage,
  upgrade,
} from '../upgrade/rolling/rolling-observation.ts';

const on = (ordinal: number, stamp: string, attempted?: string) =>
  claim(ordinal, null, {
    annotations: {
      [dataVersionAnnotation]: stamp,
      [clusterIdAnnotation]: clusterId,
      ...(attempted === undefined ? {} : { [attemptedVersionAnnotation]: attempted }),
    },
  });

/** What is done first where the target is let at prod-2, the first one, whose volumes are these. */
function lettingAtTwo(claims: Known<readonly PersistentVolumeClaim[]>) {
  const first = upgrade({
    phase: 'Replacing',
    currentPartition: 2,
    completedPods: undefined,
    replacing: { ordinal: 2, oldPodUID: 'pod-2' },
    referenceIndex: 100,
  });
  return applied(
    {
      claims,
      drifted: known([statefulSet({ partition: 2, image: targetImage })]),
      statefulSet: rollingSet(3),
    },
    { ...settledStatus(), upgrade: first },
    '2.5.6',
  );
}

function applied(seen: Partial<Observation>, status: OpenBaoClusterStatus, version: string) {
  const cluster = settledCluster({ version }, status);
  const { effects, notices } = applyDrifted(observation({ cluster, ...seen }), status, []);
  return {
    done: effects.map((effect) =>
      effect.kind === 'patch'
        ? `${effect.target.name} ${effect.uid} ${effect.resourceVersion} ${JSON.stringify(effect.patch)}`
        : `${effect.kind} ${(effect as { object: KubernetesObject }).object.metadata?.name}`,
    ),
    waitsFor: notices.map(({ message }) => message),
  };
}

const mark = (ordinal: number, version: string) =>
  `data-prod-${ordinal} claim-${ordinal} 1 {"metadata":{"annotations":{"rollguard.io/attempted-version":"${version}"}}}`;

describe('a volume that a pod of a newer version is let at (L1)', () => {
  it('says so before that pod can be made, and only then is it made', () => {
    const { done, waitsFor } = lettingAtTwo(known([on(0, '2.5.5'), on(1, '2.5.5'), on(2, '2.5.5')]));
    expect(done).to.deep.equal([mark(2, '2.5.6')]);
    expect(waitsFor.join()).to.contain('must stand on data-prod-2 first that 2.5.6 may open them');
    const { done: then } = lettingAtTwo(known([on(0, '2.5.5'), on(1, '2.5.5'), on(2, '2.5.5', '2.5.6')]));
    expect(then).to.deep.equal(['apply prod']);
  });

  it('says it too where nobody has stamped it, for there is data', () => {
    expect(lettingAtTwo(known([on(0, '2.5.5'), claim(2, null)])).done).to.deep.equal([mark(2, '2.5.6')]);
  });

  it('keeps what is newer, and what a person wrote there', () => {
    for (const volume of [on(2, '2.5.6'), on(2, '2.5.5', '2.6.0'), on(2, '2.5.5', 'mine')])
      expect(lettingAtTwo(known([on(0, '2.5.5'), volume])).done).to.deep.equal(['apply prod']);
  });

  it('is let alone while the volumes could not be read', () => {
    const { done, waitsFor } = lettingAtTwo(unknown('no answer'));
    expect(done).to.deep.equal([]);
    expect(waitsFor.join()).to.contain('the volumes could not be read');
  });

  it('says it where the cluster is created again over it, by a newer version', () => {
    const born = (claims: readonly PersistentVolumeClaim[]) =>
      applied(
        { claims: known(claims), statefulSet: known(undefined), drifted: known([statefulSet()]) },
        { replicas: 3 },
        '2.5.6',
      ).done;
    expect(born([on(0, '2.5.5'), on(1, '2.5.6')])).to.deep.equal([mark(0, '2.5.6')]);
    // Without data it is of no version: a typo in the first one stays curable.
    expect(born([claim(0, null), claim(1, null)])).to.deep.equal(['apply prod']);
  });

  it('is no reason to wait where more is held back, or nothing is let go', () => {
    const { done } = applied(
      {
        claims: known([on(2, '2.5.5')]),
        drifted: known([statefulSet({ partition: 3, image: targetImage })]),
        statefulSet: rollingSet(2),
      },
      { ...settledStatus(), upgrade: upgrade({ phase: 'Locking', currentPartition: undefined }) },
      '2.5.6',
    );
    expect(done).to.deep.equal(['apply prod']);
  });

  it('forgets it when the upgrade ends at an older version, which it only may where nothing was opened', () => {
    const ended = decideMidway({
      upgrade: upgrade({ phase: 'Finalizing', currentPartition: 0, completedPods: [0, 1, 2] }),
      observation: {
        statefulSet: known(
          statefulSet({
            partition: 0,
            image: targetImage,
            currentRevision: 'prod-2',
            updateRevision: 'prod-2',
          }),
        ),
        pods: known([newPod(0), newPod(1), newPod(2)]),
        members: new Map([0, 1, 2].map((ordinal) => [`prod-${ordinal}`, known(newMember(ordinal))])),
        claims: known([on(0, '2.5.6', '2.5.6'), on(2, '2.5.6', '2.6.0')]),
      },
    });
    expect(ended.status.upgrade).to.equal(undefined);
    expect(ended.effects).to.have.length(1);
    expect(ended.effects[0]).to.deep.include({
      uid: 'claim-2',
      resourceVersion: '1',
      patch: { metadata: { annotations: { [attemptedVersionAnnotation]: null } } },
    });
    expect(
      withoutAttempts(observation({ claims: known([on(0, '2.5.5', '2.6.0')]) }), undefined),
    ).to.deep.equal([]);
  });
});
