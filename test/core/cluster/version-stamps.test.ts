import { expect } from 'chai';
import type { PersistentVolumeClaim, Pod } from '../../../src/api/kubernetes.ts';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { decideVersionStamps } from '../../../src/core/cluster/version-stamps.ts';
import type { Member } from '../../../src/core/model/observation.ts';
import { known } from '../../../src/core/model/known.ts';
import { sha256 } from '../../support/builders.ts';
import {
  claim,
  context,
  member,
  membersOf,
  observation,
  serverPod,
  settledStatus,
} from '../../support/observation.ts';

/** The stamp that the claim of this pod gets; undefined for none. */
function stamped(
  pod: Pod,
  volume: PersistentVolumeClaim,
  says?: Partial<Member>,
  status: OpenBaoClusterStatus = settledStatus(),
): unknown {
  const seen = observation({
    pods: known([pod]),
    claims: known([volume]),
    members: says === undefined ? new Map() : membersOf(member(0, says)),
  });
  const [effect] = decideVersionStamps(seen, status, context()).effects;
  if (effect?.kind !== 'patch') return undefined;
  expect(effect).to.include({ uid: volume.metadata.uid, resourceVersion: '1' });
  return (effect.patch as { metadata: { annotations: object } }).metadata.annotations;
}

const stamp = (version: string) => ({ 'rollguard.io/openbao-version': version });
const byDigest = `openbao/openbao@${sha256}`;
const upgrading = { ...settledStatus(), upgrade: { targetVersion: '2.6.0', targetImage: byDigest } };

describe('the version on a volume', () => {
  it('is what the member says that runs on it', () => {
    expect(stamped(serverPod(0), claim(0, null), { version: '2.5.5' })).to.deep.equal(stamp('2.5.5'));
    expect(stamped(serverPod(0), claim(0, '2.4.4'), { version: '2.5.5' })).to.deep.equal(stamp('2.5.5'));
  });

  it('is not what a label says that a person can write, as long as the server or its image says one', () => {
    const labelled = (image: string): Pod => {
      const pod = serverPod(0, { image });
      return {
        ...pod,
        metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, 'openbao-version': '99.0.0' } },
      };
    };
    expect(stamped(labelled('openbao/openbao:2.5.5'), claim(0, null))).to.deep.equal(stamp('2.5.5'));
    expect(stamped(labelled(byDigest), claim(0, null), { version: '2.5.5' })).to.deep.equal(stamp('2.5.5'));
    expect(stamped(labelled('openbao/openbao:2.5.6'), claim(0, null), { version: '2.5.5' })).to.deep.equal(
      stamp('2.5.6'),
    );
  });

  it('is never lowered, and not written again', () => {
    expect(stamped(serverPod(0), claim(0, '2.5.5'), { version: '2.5.5' })).to.equal(undefined);
    expect(stamped(serverPod(0), claim(0, '2.6.0'), { version: '2.5.5' })).to.equal(undefined);
    expect(stamped(serverPod(0), claim(0, 'not a version'), { version: '2.5.5' })).to.equal(undefined);
  });

  it('is that of the image when nobody says more', () => {
    const pod = serverPod(0, { image: 'openbao/openbao:2.6.0' });
    expect(stamped(pod, claim(0))).to.deep.equal(stamp('2.6.0'));
    expect(stamped(serverPod(0, { image: byDigest }), claim(0), undefined, upgrading)).to.deep.equal(
      stamp('2.6.0'),
    );
    expect(stamped(serverPod(0, { image: byDigest }), claim(0))).to.equal(undefined);
  });

  it('is not that of a target whose container never started, so that it can be taken back', () => {
    const pod = serverPod(0, { image: 'openbao/openbao:2.6.0', waiting: 'ImagePullBackOff' });
    expect(stamped(pod, claim(0))).to.equal(undefined);
  });

  it('is not that of a target on the first pod before it may have opened the data (V2)', () => {
    const pod = serverPod(0, { image: 'openbao/openbao:2.6.0' });
    const during = (given: object) => ({
      ...settledStatus(),
      upgrade: {
        phase: 'Replacing' as const,
        fromVersion: '2.5.5',
        targetVersion: '2.6.0',
        targetImage: 'openbao/openbao:2.6.0',
        currentPartition: 0,
        ...given,
      },
    });
    expect(stamped(pod, claim(0), undefined, during({}))).to.equal(undefined);
    expect(stamped(pod, claim(0), undefined, during({ targetStarted: true }))).to.deep.equal(stamp('2.6.0'));
    expect(stamped(pod, claim(0), undefined, during({ completedPods: [1] }))).to.deep.equal(stamp('2.6.0'));
    expect(stamped(pod, claim(0), undefined, during({ currentPartition: 1 }))).to.deep.equal(stamp('2.6.0'));
    // What ran before is still what the volume is of.
    expect(stamped(serverPod(0), claim(0, null), { version: '2.5.5' }, during({}))).to.deep.equal(
      stamp('2.5.5'),
    );
  });

  it('is not written on a volume that is being deleted', () => {
    const going = claim(0, null, { deletionTimestamp: '2026-01-02T03:04:05Z' });
    expect(stamped(serverPod(0), going, { version: '2.5.5' })).to.equal(undefined);
  });
});
