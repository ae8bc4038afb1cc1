import { expect } from 'chai';
import { pendingRestart } from '../../../src/core/workload/pending-restart.ts';

const metadata = { name: 'prod', generation: 2 };

describe('a restart that waits', () => {
  it('is there when the template is newer than what the pods run', () => {
    const status = { observedGeneration: 2, currentRevision: 'a', updateRevision: 'b' };
    expect(pendingRestart({ metadata, status })).to.equal(true);
    expect(pendingRestart({ metadata, status: { ...status, updateRevision: 'a' } })).to.equal(false);
  });

  it('is not known before the template was seen', () => {
    const status = { observedGeneration: 1, currentRevision: 'a', updateRevision: 'a' };
    expect(pendingRestart({ metadata, status })).to.equal(undefined);
    expect(pendingRestart({ metadata })).to.equal(undefined);
  });
});
