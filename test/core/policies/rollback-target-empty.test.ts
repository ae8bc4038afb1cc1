import { expect } from 'chai';
import { decide } from '../../../src/core/policies/policy.ts';
import { rollbackTargetEmpty } from '../../../src/core/policies/rollback-target-empty.ts';
import { active, backTo, creation, saidBy, served, update } from '../../support/release-requests.ts';

describe('rollback-target-empty', () => {
  it('refuses an empty target, and names the command that lists the releases', () => {
    const { violations } = decide([rollbackTargetEmpty], update(backTo(''), served));
    expect(violations.map(({ reason }) => reason)).to.deep.equal(['RollbackTargetEmpty']);
    expect(violations[0]?.remedy).to.contain('kubectl get metadataservices sample1 -n autoscalingv2');
  });

  it('refuses it at a CREATE, and in the place of another', () => {
    for (const request of [creation(backTo('')), update(backTo(''), served, backTo(active))])
      expect(saidBy(rollbackTargetEmpty, request).reasons).to.deep.equal(['RollbackTargetEmpty']);
  });

  it('only warns of one that was there before', () => {
    const { reasons, warnings } = saidBy(
      rollbackTargetEmpty,
      update({ ...backTo(''), a: 'b' }, served, backTo('')),
    );
    expect(reasons).to.deep.equal([]);
    expect(warnings.join()).to.contain('RollbackTargetEmpty');
  });

  it('says nothing of one that names something, or of none', () => {
    for (const request of [update(backTo(active), served), update({}, served, backTo(''))])
      expect(saidBy(rollbackTargetEmpty, request)).to.deep.equal({ reasons: [], warnings: [] });
  });
});
