import { expect } from 'chai';
import type { Job, KubernetesObject } from '../../../src/api/kubernetes.ts';
import { followedJob, isOwn, recordedJob } from '../../../src/core/jobs/followed-job.ts';
import { jobHindrance, jobReport } from '../../../src/core/jobs/job-outcome.ts';
import { isMadeAs } from '../../../src/core/jobs/made-as.ts';
import { withMadeJobs } from '../../../src/core/jobs/record.ts';
import { imageRepository } from '../../../src/core/version/image-reference.ts';
import { cluster } from '../../support/builders.ts';
import { observedJob } from '../../support/observation.ts';
import { allJobs } from './all-jobs.ts';

const owner = cluster({ backup: { target: { provider: 'pvc', claimName: 'snapshots' } } });
const jobs = allJobs(owner);
const templateOf = (job: KubernetesObject) => structuredClone((job as any).spec.template);

/** As the API server stores it. */
function stored(job: KubernetesObject, change: (spec: any) => void = () => {}): Job {
  const template = templateOf(job);
  template.metadata.creationTimestamp = null;
  Object.assign(template.metadata.labels, {
    'batch.kubernetes.io/controller-uid': 'u-1',
    'batch.kubernetes.io/job-name': job.metadata?.name,
    'controller-uid': 'u-1',
    'job-name': job.metadata?.name,
  });
  const { spec } = template;
  Object.assign(spec, { dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler' });
  spec.serviceAccount = spec.serviceAccountName;
  for (const container of spec.containers) {
    Object.assign(container, {
      imagePullPolicy: 'IfNotPresent',
      terminationMessagePath: '/dev/termination-log',
    });
  }
  change(spec);
  return { ...job, spec: { template } } as Job;
}

/** What somebody who makes a Job under our name may change, so that it reports what they like. */
const forgeries: Readonly<Record<string, (spec: any) => void>> = {
  'another image': ({ containers: [own] }) => (own.image = 'forger:1'),
  'a command': ({ containers: [own] }) => (own.command = ['/bin/sh', '-c', 'echo done']),
  'other arguments': ({ containers: [own] }) => (own.args = ['version']),
  'a variable': ({ containers: [own] }) =>
    (own.env = [...(own.env ?? []), { name: 'NODE_OPTIONS', value: '--require=/x' }]),
  'variables from a Secret': ({ containers: [own] }) => (own.envFrom = [{ secretRef: { name: 'x' } }]),
  'a hook': ({ containers: [own] }) => (own.lifecycle = { postStart: { exec: { command: ['x'] } } }),
  'another place for its report': ({ containers: [own] }) => (own.terminationMessagePath = '/tmp/x'),
  'a second container': ({ containers }) => containers.push({ name: 'other', image: 'forger:1' }),
  'a container before it': (spec) => (spec.initContainers = [{ name: 'first', image: 'forger:1' }]),
  'another account': (spec) => (spec.serviceAccountName = 'default'),
  'another address of a member': (spec) => (spec.hostAliases = [{ ip: '192.0.2.1', hostnames: ['x'] }]),
  'another volume': (spec) => (spec.volumes = [...(spec.volumes ?? []), { name: 'x', emptyDir: {} }]),
  'another DNS': (spec) => (spec.dnsPolicy = 'None'),
};

describe('a Job under a name of ours (C4)', () => {
  it('is what we would make where the API server has only filled in what was left out', () => {
    for (const job of jobs) expect(isMadeAs(job, stored(job)), job.metadata?.name).to.equal(true);
  });

  for (const [what, change] of Object.entries(forgeries)) {
    it(`is not what we would make with ${what}`, () => {
      for (const job of jobs) expect(isMadeAs(job, stored(job, change)), job.metadata?.name).to.equal(false);
    });
  }

  it('is what we would make in another version of the executor, but not of OpenBao', () => {
    for (const job of jobs) {
      const isExecutor = templateOf(job).spec.containers[0].name === 'executor';
      const earlier = stored(
        job,
        ({ containers: [own] }) => (own.image = `${imageRepository(own.image)}:0.1`),
      );
      expect(isMadeAs(job, earlier), job.metadata?.name).to.equal(isExecutor);
      const another = stored(job, ({ containers: [own] }) => (own.image = `forger.example/${own.image}`));
      expect(isMadeAs(job, another), job.metadata?.name).to.equal(false);
    }
  });

  const [wanted = {}] = jobs;
  const name = wanted.metadata?.name ?? '';
  const report = JSON.stringify({ outcome: 'done', reason: 'Done', message: 'as asked for' });
  const ended = observedJob(name, 'succeeded', report);
  const unproved = { ...ended, isUnproved: true } as const;

  it('ends nothing when somebody else made it, and says what to do', () => {
    const job = followedJob([unproved], wanted);
    expect(job.outcome).to.equal('running');
    expect(jobReport(job.observed)).to.equal(undefined);
    expect(jobHindrance(job.observed)).to.contain(`kubectl delete job ${name} -n bao`);
    expect(recordedJob([unproved], name).outcome).to.equal('running');
    expect(isOwn(unproved, wanted)).to.equal(false);
  });

  it('counts by its UID, whatever a policy has made of it', () => {
    expect(followedJob([ended], wanted)).to.deep.equal({ name, outcome: 'succeeded', observed: ended });
    expect(recordedJob([ended], name).outcome).to.equal('succeeded');
  });

  it('counts without a recorded UID where it runs exactly what we would run', () => {
    const left = { ...unproved, job: { ...stored(wanted), status: ended.job.status } as Job };
    expect(followedJob([left], wanted).outcome).to.equal('succeeded');
  });

  it('is recorded when it is ours, and forgotten when it is gone', () => {
    const made = { madeJobs: [{ name, uid: `job-${name}` }] };
    expect(withMadeJobs({}, [ended, { ...observedJob('other', 'running'), isUnproved: true }])).to.deep.equal(
      made,
    );
    expect(withMadeJobs(made, [ended])).to.equal(made);
    expect(withMadeJobs(made, [])).to.deep.equal({});
    const empty = {};
    expect(withMadeJobs(empty, [unproved])).to.equal(empty);
  });

  it('is recorded among the newest fifty', () => {
    const many = Array.from({ length: 60 }, (_, hour) => {
      const { job } = observedJob(`job-${hour}`, 'succeeded');
      const creationTimestamp = new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
      return { job: { ...job, metadata: { ...job.metadata, creationTimestamp } } };
    });
    const { madeJobs = [] } = withMadeJobs<{ madeJobs?: { name: string; uid: string }[] }>({}, many);
    expect(madeJobs.length).to.equal(50);
    expect(madeJobs[0]?.name).to.equal('job-59');
  });
});
