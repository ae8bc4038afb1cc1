import { expect } from 'chai';
import type { OpenBaoClusterSpec } from '../../../src/api/openbaocluster.ts';
import { decideCluster } from '../../../src/core/cluster/decide.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { Member, Observation } from '../../../src/core/model/observation.ts';
import {
  context,
  member,
  membersOf,
  observation,
  serverPod,
  settledCluster,
  settledStatus,
} from '../../support/observation.ts';

/** A cluster at 2.5.5 whose member 0 is as given, with this image in its pod. */
function decided(
  given: Partial<Member>,
  spec: Partial<OpenBaoClusterSpec> = {},
  { image, ...more }: Partial<Observation> & { readonly image?: string } = {},
) {
  const pod = serverPod(0, image === undefined ? {} : { image });
  const seen = observation({
    cluster: settledCluster(spec, settledStatus()),
    pods: known([pod, serverPod(1), serverPod(2)]),
    members: membersOf(member(0, given), member(1), member(2)),
    ...more,
  });
  const { status } = decideCluster(seen, context());
  const of = (type: string) => {
    const found = status.conditions?.find((each) => each.type === type);
    return `${found?.status} ${found?.reason}`;
  };
  return { status, of, message: status.lastErrorMessage ?? '' };
}

const older = { version: '2.4.4' };
const image = 'openbao/openbao:2.4.4';

describe('L7: a member of another version outside an upgrade', () => {
  it('is told, with its name, both versions and what to do', () => {
    const { status, of, message } = decided(older, {}, { image });
    for (const type of ['Degraded', 'Stalled']) expect(of(type), type).to.equal('True VersionMismatch');
    expect(of('Ready')).to.equal('False VersionMismatch');
    expect(status.lastErrorReason).to.equal('VersionMismatch');
    expect(message).to.contain('prod-0 runs 2.4.4, not 2.5.5: an older server on data of a newer one');
    expect(message).to.contain('Its pod has the image openbao/openbao:2.4.4');
    expect(message).to.contain('kubectl delete pod/prod-0 -n bao').and.to.not.contain('pvc');
  });

  it('is told with another way out where its image is that of the others', () => {
    expect(decided(older).message)
      .to.contain('set spec.image to one that holds 2.5.5')
      .and.not.contain('delete');
    const spelled = { image: `openbao/openbao:2.5.5@sha256:${'0123456789abcdef'.repeat(4)}` };
    expect(decided(older, {}, spelled).message)
      .to.contain('set spec.image')
      .and.not.contain('delete');
    const { message } = decided({ version: '2.5.6' });
    expect(message)
      .to.contain('what a newer server writes')
      .and.contain('set spec.version to 2.5.6 and, in the same apply, spec.image to one');
  });

  it('of a newer version is never offered the older server on its volume', () => {
    const changed = decided({ version: '2.5.6' }, {}, { image: 'openbao/openbao:2.5.6' }).message;
    expect(changed)
      .to.contain('either set spec.version to 2.5.6')
      .and.contain('or give the member an empty disk');
    expect(changed).to.contain('kubectl delete pvc/data-prod-0 -n bao');
    const moved = decided({ version: '2.5.6' }).message;
    expect(moved).to.contain('set spec.version to 2.5.6').and.not.contain('holds 2.5.5');
  });

  it('lets no upgrade and no scaling begin', () => {
    expect(decided(older, { version: '2.5.6' }).status.upgrade).to.equal(undefined);
    expect(decided(older, { replicas: 5 }).status.scaling).to.equal(undefined);
    expect(decided({}, { version: '2.5.6' }).status.upgrade?.phase).to.be.a('string');
    expect(decided({}, { replicas: 5 }).status.scaling).to.not.equal(undefined);
  });

  it('lets begin what mends it: another image of the version, a restart, or what the member runs', () => {
    for (const spec of [
      { image: 'registry.example/openbao:2.5.5' },
      { maintenance: { restartAt: '2026-01-02T00:00:00Z' } },
    ])
      expect(decided(older, spec).status.upgrade?.phase, JSON.stringify(spec)).to.be.a('string');
    expect(decided({ version: '2.5.6' }, { version: '2.5.6' }).status.upgrade?.phase).to.be.a('string');
    expect(decided({ version: '2.5.6' }, { version: '2.5.7' }).status.upgrade).to.equal(undefined);
  });

  it('is seen by the checks of an upgrade that has begun, and waited for', () => {
    const spec = { version: '2.5.6' };
    const { upgrade, operationLock } = decided({}, spec).status;
    const status = {
      ...settledStatus(),
      ...(upgrade && { upgrade }),
      ...(operationLock && { operationLock }),
    };
    const { upgrade: after } = decided(older, spec, { cluster: settledCluster(spec, status) }).status;
    expect(after).to.include({ phase: 'PreChecks', waitingFor: 'prod-0 runs 2.4.4, not 2.5.5' });
    expect(after?.held).to.equal(undefined);
  });

  it('is none where it says nothing, or says the same with a build', () => {
    const silent = membersOf(member(1), member(2));
    expect(decided({}, {}, { members: silent }).of('Stalled')).to.equal('False AsExpected');
    expect(
      decided({}, {}, { members: new Map([...silent, ['prod-0', unknown('timed out')]]) }).of('Stalled'),
    ).to.equal('False AsExpected');
    expect(decided({ version: '2.5.5+b1' }).of('Stalled')).to.equal('False AsExpected');
  });
});
