import { expect } from 'chai';
import type { Job } from '../../../../src/api/kubernetes.ts';
import { executorJob } from '../../../../src/core/jobs/executor-job.ts';
import { observeJob } from '../../../../src/core/jobs/job-outcome.ts';
import { unfinishedJobs } from '../../../../src/core/jobs/unfinished.ts';
import { known, unknown } from '../../../../src/core/model/known.ts';
import type { ObservedJob } from '../../../../src/core/model/observation.ts';
import { carriedOutByJob, ensureByJob } from '../../../../src/core/upgrade/bluegreen/jobs.ts';
import type { PhaseInput } from '../../../../src/core/upgrade/bluegreen/phase.ts';
import { context, observation, settledStatus } from '../../../support/observation.ts';

const action = 'repair-consensus' as const;
const operationId = 'k3v9x0q2ab';
const halves = { blue: ['prod-0'], green: ['prod-r1-0'] };
const { cluster } = observation();
const { settings, now } = context();

/** The Job of this step, as another build of Rollguard or somebody else made it, in this state. */
function job(type: 'Complete' | 'Failed' | undefined, executorImage = 'other/rollguard:0.1'): Job {
  const made = executorJob(cluster, { action, operationId, halves }, { ...settings, executorImage });
  const conditions = type === undefined ? [] : [{ type, status: 'True' }];
  return { ...made, metadata: { ...made.metadata, uid: 'job-1' }, status: { conditions } };
}

const inputOf = (observed: ObservedJob): PhaseInput => ({
  observation: observation({ cluster, jobs: known([observed]) }),
  status: settledStatus(),
  blueGreen: { phase: 'RollingBack', operationId },
  halves,
  peers: {
    expected: [],
    leader: known('prod-0'),
    voters: unknown('not asked'),
    clusterIds: [],
    unreachable: [],
  } as unknown as PhaseInput['peers'],
  blue: [],
  green: [],
  context: context(),
});

const strangers = (type?: 'Complete' | 'Failed') =>
  inputOf({ job: job(type), isUnproved: true, hasSucceeded: true });

describe('a Job under the name of a blue-green upgrade that is not believed (C4)', () => {
  for (const type of ['Complete', 'Failed'] as const) {
    it(`is in the way of nothing that Raft shows to be done, once it has ended: ${type}`, () => {
      expect(ensureByJob(strangers(type), action, true)).to.equal(undefined);
    });

    it(`is followed by one of ours under another name, once it has ended: ${type}`, () => {
      const followed = { kind: 'wait', patch: { attempt: 1 }, until: now };
      expect(ensureByJob(strangers(type), action, false)).to.include({ kind: 'wait' });
      expect(ensureByJob(strangers(type), action, false)).to.deep.include(followed);
      // Raft alone does not show it, and its word is none.
      expect(carriedOutByJob(strangers(type), action, true)).to.deep.include(followed);
    });
  }

  it('is waited for while it runs, for as long as that is: no incident comes of it', () => {
    for (const isDone of [true, false, undefined]) {
      const step = ensureByJob(strangers(), action, isDone);
      expect(step).to.include({ kind: 'wait', isOpenEnded: true });
      expect(step).not.to.have.property('patch');
      expect(JSON.stringify(step)).to.contain('somebody else made it');
    }
  });

  it('is waited for where nobody can tell how Raft is', () => {
    expect(ensureByJob(strangers('Complete'), action, undefined)).to.include({ kind: 'wait' });
    expect(ensureByJob(strangers('Complete'), action, undefined)).not.to.have.property('patch');
  });

  const ownerReferences = [{ kind: 'Job', uid: 'job-1', controller: true }];
  const forged = { metadata: { name: 'mine', ownerReferences }, spec: { containers: [] } };

  it('is a matter for a person where it is ours and its pod is not: a next one would be as this is', () => {
    const input = inputOf(observeJob(job('Complete'), [forged], now));
    expect(ensureByJob(input, action, true)).to.equal(undefined);
    const step = ensureByJob(input, action, false);
    expect(step).to.include({ kind: 'wait', isOpenEnded: true });
    expect(step).not.to.have.property('patch');
  });

  it('holds nothing up once it has ended, though its word does not count', () => {
    const names = (type?: 'Complete') =>
      unfinishedJobs([observeJob(job(type), [forged], now)], action).map(
        ({ job: { metadata } }) => metadata.uid,
      );
    expect(names('Complete')).to.deep.equal([]);
    expect(names()).to.deep.equal(['job-1']);
  });

  it('keeps its time where it is ours and only its image cannot be pulled', () => {
    const step = ensureByJob(inputOf({ job: job(undefined), podReason: 'ImagePullBackOff' }), action, false);
    expect(step).to.include({ kind: 'wait' }).and.not.to.have.property('isOpenEnded');
  });

  it('is believed in another version of the same executor: Rollguard itself was upgraded meanwhile', () => {
    const earlier = job('Complete', 'rollguard:0.1');
    expect(carriedOutByJob(inputOf({ job: earlier, isUnproved: true }), action, true)).to.equal(undefined);
  });
});
