import { expect } from 'chai';
import { known } from '../../../src/core/model/known.ts';
import { evaluateReleaseChange, releasePolicies } from '../../../src/core/policies/index.ts';
import { active, backTo, failed, neverServed, served, update } from '../../support/release-requests.ts';

describe('the rules for MetadataServices', () => {
  it('each have an id of their own', () => {
    const ids = releasePolicies.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('say nothing of a change that asks for no rollback, whatever the status', () => {
    const silence = { allowed: true, violations: [], warnings: [] };
    for (const status of [undefined, served, neverServed]) {
      expect(evaluateReleaseChange(update({ a: 'b' }, status))).to.deep.equal(silence);
      expect(evaluateReleaseChange(update(backTo(active), status, backTo(active)))).to.deep.equal(silence);
      expect(evaluateReleaseChange(update({}, status, backTo(active)))).to.deep.equal(silence);
    }
  });

  it('say all that is wrong at once', () => {
    const request = { ...update(backTo(failed), neverServed), permission: known(false) };
    expect(evaluateReleaseChange(request).violations.map(({ reason }) => reason)).to.deep.equal([
      'PermissionRequired',
      'NoGoodRelease',
    ]);
  });

  it('let what is going go', () => {
    const request = update(backTo(''), neverServed);
    const going = { ...request.oldObject!, metadata: { deletionTimestamp: '2026-01-02T03:04:05Z' } };
    expect(evaluateReleaseChange({ ...request, oldObject: going }).allowed).to.equal(true);
  });
});
