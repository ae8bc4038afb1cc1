import { expect } from 'chai';
import { endsWait, kstatusOf } from '../../support/kstatus.ts';
import { wrongRelease } from '../../support/status-rules.ts';
import { WatchedServices } from './watched-services.ts';

/** Its first release serves, and nothing is to be done. */
function settled(): WatchedServices {
  const world = new WatchedServices();
  pass(world, 300);
  expect(kstatusOf(world.resource).status).to.equal('Current');
  return world;
}

function pass(world: WatchedServices, seconds: number): void {
  for (const end = world.now + seconds * 1_000; world.now < end;) {
    world.pass();
    world.now += seconds < 60 ? 500 : 3_000;
  }
}

const former = ({ status }: WatchedServices) =>
  status.releaseHistory?.find((each) => each.status === 'Superseded')?.version;

const said = ({ status }: WatchedServices, type: string) => {
  const found = status.conditions?.find((each) => each.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};

describe('what GitOps tools read of MetadataServices', () => {
  it('is Current while they are paused and nothing is to be done (G2)', () => {
    const world = settled();
    world.write({ paused: true });
    pass(world, 5);
    expect(kstatusOf(world.resource).status).to.equal('Current');
    expect(said(world, 'Stalled')).to.equal('False AsExpected: no action is needed');
  });

  it('is InProgress where spec was changed while they are paused, and says how to resume', () => {
    const world = settled();
    world.write({ paused: true, storage: { imageTag: '1.1' } });
    pass(world, 5);
    expect(kstatusOf(world.resource).status).to.equal('InProgress');
    for (const type of ['Ready', 'Stalled', 'Reconciling'])
      expect(said(world, type))
        .to.match(/^False Paused/)
        .and.contain('the release of storage 1.1')
        .and.contain(`'{"spec":{"paused":false}}'`);
  });

  it('is InProgress where a child is not as it should be while they are paused', () => {
    const world = settled();
    world.write({ paused: true });
    const [name = ''] = world.services.keys();
    world.services.delete(name);
    pass(world, 5);
    expect(kstatusOf(world.resource).status).to.equal('InProgress');
    expect(said(world, 'Ready')).to.contain(`the change of Service ${name}`);
  });

  it('is InProgress between the answer to a rollback and its patch of spec', () => {
    const world = settled();
    world.write({ storage: { imageTag: '1.1' } });
    pass(world, 300);
    world.annotate('e6data.io/rollback-to', former(world));
    world.pass(0);
    expect(world.status.rollback?.state).to.equal('Accepted');
    expect(kstatusOf(world.resource).status).to.equal('InProgress');
    expect(said(world, 'Ready')).to.match(/^False RollingBack/);
  });

  it('is Failed, and not Reconciling too, where a request returned during a release (G5)', () => {
    const world = settled();
    world.write({ storage: { imageTag: '1.1' } });
    pass(world, 300);
    const back = former(world);
    world.annotate('e6data.io/rollback-to', back);
    pass(world, 3);
    world.annotate('e6data.io/rollback-to', back, 'argocd-controller');
    pass(world, 3);
    expect(world.status.step).to.not.equal(undefined);
    expect(kstatusOf(world.resource).status).to.equal('Failed');
    expect(said(world, 'Stalled')).to.match(/^True RollbackRequestReturned/);
    expect(said(world, 'Reconciling'))
      .to.match(/^False Held/)
      .and.contain('meanwhile: release');
    expect(wrongRelease(world.resource)).to.equal(undefined);
  });

  it('is not Ready while they are being deleted, and nothing is written twice', () => {
    const world = settled();
    const deletionTimestamp = '2026-01-02T03:04:05Z';
    world.resource = { ...world.resource, metadata: { ...world.resource.metadata, deletionTimestamp } };
    const { status } = world.pass();
    expect(endsWait(world.resource)).to.equal(false);
    expect(said(world, 'Ready')).to.match(/^False Deleting/);
    world.now += 60_000;
    expect(world.pass()).to.deep.equal({ status, effects: [], events: [] });
  });
});
