import { expect } from 'chai';
import { claimsOfMembers } from '../../../src/core/model/revisions.ts';

const claim = (name: string, cluster?: string) => ({
  metadata: { name, ...(cluster === undefined ? {} : { labels: { 'openbao.org/cluster': cluster } }) },
});
const names = (claims: readonly ReturnType<typeof claim>[]) =>
  claimsOfMembers('prod', claims).map(({ metadata }) => metadata.name);

describe('the claims of members (P4)', () => {
  it('are known by exact names, whatever label was taken off or put on', () => {
    expect(
      names([
        claim('data-prod-0'),
        claim('data-prod-12', 'other'),
        claim('data-prod-r0123456789-3'),
        claim('data-prod-a', 'prod'),
        claim('evil', 'prod'),
        claim('data-prod-1-0', 'prod'),
        claim('data-prod-00', 'prod'),
        claim('data-prod2-0', 'prod'),
        claim('prod-0', 'prod'),
        claim('data-prod-r012345678-0', 'prod'),
        claim('data-prod', 'prod'),
        claim('', 'prod'),
      ]),
    ).to.deep.equal(['data-prod-0', 'data-prod-12', 'data-prod-r0123456789-3']);
    expect(claimsOfMembers('prod', [{}])).to.deep.equal([]);
  });

  it("are those of another operator's names where the label says so too", () => {
    const name = 'data-prod-0123456789abcdef-0';
    expect(names([claim(name), claim(name, 'other')])).to.deep.equal([]);
    expect(names([claim(name, 'prod')])).to.deep.equal([name]);
  });
});
