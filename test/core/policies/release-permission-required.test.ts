import { expect } from 'chai';
import { known, unknown } from '../../../src/core/model/known.ts';
import { decide } from '../../../src/core/policies/policy.ts';
import { releasePermissionRequired } from '../../../src/core/policies/release-permission-required.ts';
import { active, backTo, creation, saidBy, served, update } from '../../support/release-requests.ts';

describe('release-permission-required', () => {
  const asking = update(backTo(active), served);

  it('refuses whoever does not hold the verb, and says how to check', () => {
    const { violations } = decide([releasePermissionRequired], { ...asking, permission: known(false) });
    expect(violations.map(({ reason }) => reason)).to.deep.equal(['PermissionRequired']);
    expect(violations[0]?.message).to.contain('"rollback" on metadataservices autoscalingv2/sample1');
    expect(violations[0]?.remedy).to.contain(
      'kubectl auth can-i rollback metadataservices.e6data.io/sample1 -n autoscalingv2',
    );
  });

  it('takes unknown for no, also at a CREATE', () => {
    for (const request of [asking, creation(backTo(active))]) {
      const denied = { ...request, permission: unknown('the API server is away') };
      expect(saidBy(releasePermissionRequired, denied).reasons).to.deep.equal(['PermissionRequired']);
    }
  });

  it('allows those who hold it, and says nothing where nobody asked', () => {
    for (const permission of [known(true), { kind: 'not-judged' }] as const)
      expect(saidBy(releasePermissionRequired, { ...asking, permission }).reasons).to.deep.equal([]);
  });

  it('asks nobody who takes a request back, as the controller does', () => {
    const taken = { ...update({}, served, backTo(active)), permission: known(false) };
    expect(saidBy(releasePermissionRequired, taken).reasons).to.deep.equal([]);
  });
});
