import { expect } from 'chai';
import type { Job } from '../../../src/api/kubernetes.ts';
import { madeJobs, observeJobs } from '../../../src/io/kubernetes/made-jobs.ts';

const key = { namespace: 'bao', name: 'prod' };
const job = (name: string, uid: string): Job => ({ metadata: { name, namespace: 'bao', uid } });
const unproved = (jobs: readonly Job[], ...[made, recorded]: [ReturnType<typeof madeJobs>, any[]?]) =>
  observeJobs({ jobs: () => jobs, pods: () => [] }, key, made, recorded ?? [], 0)
    .filter(({ isUnproved }) => isUnproved)
    .map(({ job: { metadata } }) => metadata.uid);

describe('which Jobs are ours (C4)', () => {
  const client = {
    create: <T>(_: string, body: unknown) =>
      Promise.resolve({ ...(body as object), metadata: { uid: 'u-made' } } as T),
  };

  it('are those that the API server says it made for us, and those that a status records', async () => {
    const made = madeJobs();
    await made.noting(client).create('/jobs', { kind: 'Job' });
    const jobs = [job('a', 'u-made'), job('b', 'u-recorded'), job('c', 'u-forged')];
    expect(unproved(jobs, made, [{ name: 'b', uid: 'u-recorded' }])).to.deep.equal(['u-forged']);
    // By its UID, never by its name.
    expect(unproved(jobs, made, [{ name: 'c', uid: 'u-recorded' }])).to.deep.equal(['u-forged']);
    expect(unproved(jobs, madeJobs())).to.deep.equal(['u-made', 'u-recorded', 'u-forged']);
  });

  it('are no other objects, and none whose creation failed', async () => {
    const made = madeJobs();
    await made.noting(client).create('/pods', { kind: 'Pod' });
    const refusing = made.noting<typeof client>({
      create: () => Promise.reject(new Error('it is there already')),
    });
    await refusing.create('/jobs', { kind: 'Job' }).catch(() => {});
    expect(unproved([job('a', 'u-made')], made)).to.deep.equal(['u-made']);
  });
});
