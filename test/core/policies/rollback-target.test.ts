import { expect } from 'chai';
import { rollbackTargetKnown } from '../../../src/core/policies/rollback-target.ts';
import {
  active,
  backTo,
  failed,
  neverServed,
  record,
  saidBy,
  served,
  update,
} from '../../support/release-requests.ts';

const silence = { reasons: [], warnings: [] };

describe('rollback-target', () => {
  for (const [what, target, status, words] of [
    ['what is unknown', 'v20240101-000000-invalid', served, 'is not in status.releaseHistory'],
    ['what failed', failed, served, 'has failed before'],
    ['what serves', active, served, 'is already active'],
    ['what serves, while deploying', active, { ...served, deploymentPhase: 'Deploying' }, 'will be aborted'],
  ] as const) {
    it(`warns of a rollback to ${what}`, () => {
      const { reasons, warnings } = saidBy(rollbackTargetKnown, update(backTo(target), status));
      expect(reasons).to.deep.equal([]);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.contain(words).and.to.contain(target);
    });
  }

  it('says nothing of a rollback to what has served', () => {
    const older = 'v20250102-030405-abcdef0';
    const releaseHistory = [record(older, 'Superseded'), ...(served.releaseHistory ?? [])];
    expect(saidBy(rollbackTargetKnown, update(backTo(older), { ...served, releaseHistory }))).to.deep.equal(
      silence,
    );
  });

  it('says nothing where another rule refuses, or nothing is asked for', () => {
    for (const request of [
      update(backTo(failed), neverServed),
      update(backTo(active), served, backTo(active)),
      update({}, served),
    ])
      expect(saidBy(rollbackTargetKnown, request)).to.deep.equal(silence);
  });

  it('warns of the annotation without its group, which is ignored', () => {
    const bare = { 'rollback-to': active };
    expect(saidBy(rollbackTargetKnown, update(bare, served)).warnings.join()).to.contain(
      'e6data.io/rollback-to',
    );
    expect(saidBy(rollbackTargetKnown, update(bare, served, bare))).to.deep.equal(silence);
  });

  it('shows what cannot be seen in a target', () => {
    const hidden = update(backTo('v1\u200b'), served);
    expect(saidBy(rollbackTargetKnown, hidden).warnings.join()).to.contain('v1<U+200B>');
  });
});
