import { expect } from 'chai';
import { executorReportOf } from '../../../src/core/jobs/executor-report.ts';
import { versionOf } from '../../../src/core/jobs/job-outcome.ts';
import { longestMessage } from '../../../src/core/model/limits.ts';
import { withoutOuterSlashes } from '../../../src/core/model/slashes.ts';

describe('what a Job says', () => {
  const report = (message: string) => JSON.stringify({ outcome: 'done', reason: 'Done', message });

  it('is read as long as the kubelet keeps it, and no longer (M1)', () => {
    const most = longestMessage - report('').length;
    expect(executorReportOf(report('x'.repeat(most)))?.outcome).to.equal('done');
    expect(executorReportOf(report('x'.repeat(most + 1)))).to.equal(undefined);
  });

  it('says a version with what follows its numbers (M1)', () => {
    expect(versionOf('OpenBao v2.5.5 (bb8b4d3), built 2026')).to.equal('2.5.5');
    expect(versionOf('x\nOpenBao v2.7.0-rc.1+b2, built')).to.equal('2.7.0-rc.1+b2');
    expect(versionOf('OpenBao v2.5.5!')).to.equal(undefined);
    expect(versionOf('OpenBao v2.5.12')).to.equal('2.5.12');
  });
});

describe('a prefix of names', () => {
  it('is taken without the slashes around it, not those within (M1)', () => {
    expect(['', '/', '//a//b//', 'a'].map(withoutOuterSlashes)).to.deep.equal(['', '', 'a//b', 'a']);
  });
});
