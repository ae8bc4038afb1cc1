import { expect } from 'chai';
import { snapshotName, versionInName } from '../../../src/core/jobs/snapshot-name.ts';
import { cluster } from '../../support/builders.ts';

describe('the name of a snapshot', () => {
  it('says which version made it', () => {
    for (const version of ['2.4.4', '2.5.5+build-1', '2.6.0-rc.1']) {
      const name = snapshotName(cluster({ version }), 'k3v9x0q2ab');
      expect(versionInName(name), name).to.equal(version);
    }
  });

  it('says nothing when somebody else chose it', () => {
    for (const name of [
      'monday.snap',
      'pre-upgrade.snap',
      'a/pre-upgrade-2.5.5.snap',
      'pre-upgrade-2.5.5/x.snap',
    ]) {
      expect(versionInName(name), name).to.equal(undefined);
    }
  });
});
