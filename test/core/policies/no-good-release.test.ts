import { expect } from 'chai';
import { noGoodRelease } from '../../../src/core/policies/no-good-release.ts';
import {
  active,
  backTo,
  creation,
  failed,
  neverServed,
  record,
  saidBy,
  served,
  update,
} from '../../support/release-requests.ts';

describe('no-good-release', () => {
  it('refuses a rollback before a release has served', () => {
    for (const status of [undefined, neverServed])
      expect(saidBy(noGoodRelease, update(backTo(failed), status)).reasons).to.deep.equal(['NoGoodRelease']);
  });

  it('allows it as soon as one has, and any of the records', () => {
    const superseded = { releaseHistory: [record(active, 'Superseded'), record(failed, 'Failed')] };
    for (const status of [served, superseded])
      expect(saidBy(noGoodRelease, update(backTo(failed), status))).to.deep.equal({
        reasons: [],
        warnings: [],
      });
  });

  it('says nothing of a request that stays or is taken back', () => {
    for (const request of [
      update(backTo(failed), neverServed, backTo(failed)),
      update({}, neverServed, backTo(failed)),
    ])
      expect(saidBy(noGoodRelease, request)).to.deep.equal({ reasons: [], warnings: [] });
  });

  it('warns at a CREATE, and believes no status that comes with it', () => {
    const { reasons, warnings } = saidBy(noGoodRelease, creation(backTo(active), served));
    expect(reasons).to.deep.equal([]);
    expect(warnings.join()).to.contain('no release yet');
  });
});
