import { expect } from 'chai';
import type { Job, Pod } from '../../../src/api/kubernetes.ts';
import { podAsRead } from '../../../src/controller/runtime/trim.ts';
import { jobFailure, jobOutcome, jobReport, observeJob } from '../../../src/core/jobs/job-outcome.ts';
import { imageRepository } from '../../../src/core/version/image-reference.ts';
import { cluster } from '../../support/builders.ts';
import { allJobs } from './all-jobs.ts';

const report = { outcome: 'done', reason: 'MemberRecovered', message: 'as asked for' } as const;
const owner = cluster({ backup: { target: { provider: 'pvc', claimName: 'snapshots' } } });
const jobs = allJobs(owner).map((job): Job => ({ ...job, metadata: { ...job.metadata, uid: 'job-1' } }));

const ended = (type: string): Job['status'] => ({
  conditions: [{ type, status: 'True', reason: 'BackoffLimitExceeded' }],
});

/** As the Job controller makes it, and as admission, scheduler and kubelet leave it, but for `change`. */
function podOf(job: Job, change: (pod: any) => void = () => {}): Pod {
  const spec = structuredClone(job.spec?.template?.spec) as any;
  const [own] = spec.containers;
  Object.assign(spec, {
    nodeName: 'node-1',
    priority: 0,
    preemptionPolicy: 'PreemptLowerPriority',
    serviceAccount: spec.serviceAccountName,
    imagePullSecrets: [{ name: 'registry' }],
    tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
  });
  own.resources = { ...own.resources, limits: { cpu: '1', memory: '1Gi' } };
  own.resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }];
  own.securityContext = { ...own.securityContext, seLinuxOptions: { level: 's0:c1,c2' } };
  const pod = {
    metadata: {
      name: 'a-pod',
      ownerReferences: [{ kind: 'Job', uid: job.metadata.uid, controller: true }],
    },
    spec,
    status: {
      phase: 'Succeeded',
      containerStatuses: [
        { name: own.name, state: { terminated: { exitCode: 0, message: JSON.stringify(report) } } },
      ],
    },
  };
  change(pod);
  return podAsRead(pod);
}

const seenOf = (job: Job, ...pods: readonly Pod[]) => observeJob(job, pods, Date.now());

/** What somebody who may make pods may change, so that a report says what they like. */
const forgeries: Readonly<Record<string, (pod: any) => void>> = {
  image: ({ spec }) => (spec.containers[0].image = 'forger:1'),
  'image of a longer name': ({ spec }) => (spec.containers[0].image += '-forged'),
  'image of another place': ({ spec }) =>
    (spec.containers[0].image = `forger.example/${spec.containers[0].image}`),
  command: ({ spec }) => (spec.containers[0].command = ['/bin/sh', '-c', 'echo done']),
  args: ({ spec }) => (spec.containers[0].args = ['version']),
  env: ({ spec }) =>
    (spec.containers[0].env = [
      ...(spec.containers[0].env ?? []),
      { name: 'NODE_OPTIONS', value: '--require=/x' },
    ]),
  envFrom: ({ spec }) => (spec.containers[0].envFrom = [{ secretRef: { name: 'x' } }]),
  lifecycle: ({ spec }) => (spec.containers[0].lifecycle = { postStart: { exec: { command: ['x'] } } }),
  livenessProbe: ({ spec }) => (spec.containers[0].livenessProbe = { exec: { command: ['x'] } }),
  terminationMessagePath: ({ spec }) => (spec.containers[0].terminationMessagePath = '/tmp/x'),
  volumeMounts: ({ spec }) =>
    (spec.containers[0].volumeMounts = [
      ...(spec.containers[0].volumeMounts ?? []),
      { name: 'x', mountPath: '/app' },
    ]),
  serviceAccountName: ({ spec }) => (spec.serviceAccountName = 'default'),
  hostAliases: ({ spec }) => (spec.hostAliases = [{ ip: '192.0.2.1', hostnames: ['x'] }]),
  dnsPolicy: ({ spec }) => (spec.dnsPolicy = 'None'),
  shareProcessNamespace: ({ spec }) => (spec.shareProcessNamespace = true),
  'container of another name': ({ spec }) => (spec.containers[0].name = 'other'),
};

describe('the pod of a Job (C4)', () => {
  it('is believed as the cluster leaves it', () => {
    for (const job of jobs) {
      const seen = seenOf(job, podOf(job));
      expect(seen.podReason, job.metadata.name).to.equal(undefined);
      expect(jobOutcome(seen)).to.equal('succeeded');
      expect(jobReport(seen)).to.deep.equal(report);
    }
  });

  it('is believed with a sidecar, an identity of a cloud, a proxy, other authorities, and its image pinned', () => {
    for (const job of jobs) {
      const pod = podOf(job, ({ spec }) => {
        const [own] = spec.containers;
        own.image += `@sha256:${'0'.repeat(64)}`;
        own.env = [
          { name: 'AWS_ROLE_ARN', value: 'arn' },
          { name: 'HTTPS_PROXY', value: 'http://proxy.example:3128' },
          ...(own.env ?? []),
        ];
        own.volumeMounts = [
          ...(own.volumeMounts ?? []),
          { name: 'aws-iam-token', mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' },
          { name: 'authorities', mountPath: '/etc/ssl/certs' },
        ];
        spec.containers.unshift({ name: 'a-proxy', image: 'mesh:1', command: ['proxy'] });
        spec.initContainers = [{ name: 'a-proxy-init', image: 'mesh:1' }];
        spec.volumes = [{ name: 'aws-iam-token', projected: {} }, ...(spec.volumes ?? [])];
      });
      expect(jobReport(seenOf(job, pod)), job.metadata.name).to.deep.equal(report);
    }
  });

  it('is believed with another spelling of its image', () => {
    for (const job of jobs) {
      const pod = podOf(job, ({ spec: { containers } }) => {
        containers[0].image = `${imageRepository(containers[0].image)}@sha256:${'0'.repeat(64)}`;
      });
      expect(jobReport(seenOf(job, pod)), job.metadata.name).to.deep.equal(report);
    }
  });

  for (const [what, change] of Object.entries(forgeries)) {
    it(`says nothing with its own ${what}, and then its Job has not succeeded`, () => {
      for (const each of jobs) {
        const job = { ...each, status: ended('Complete') } as Job;
        const seen = seenOf(job, podOf(job, change));
        expect(jobOutcome(seen), job.metadata.name).to.equal('running');
        expect(jobReport(seen)).to.equal(undefined);
        const field = what.split(' ', 1)[0] ?? '';
        expect(seen.podReason).to.match(new RegExp(`^the pod a-pod does not run what its Job .*${field}`));
        expect(seen.podReason).to.contain(`kubectl delete job ${job.metadata.name} -n bao`);
      }
    });
  }

  it('says nothing with another volume under the name of its own', () => {
    const withVolumes = jobs.filter((job) => (job as any).spec.template.spec.volumes.length > 0);
    expect(withVolumes).not.to.deep.equal([]);
    for (const job of withVolumes) {
      const forged = podOf(job, ({ spec }) => {
        const [{ name }] = spec.volumes;
        spec.volumes[0] = { name, secret: { secretName: 'forged' } };
      });
      expect(seenOf(job, forged).podReason, job.metadata.name).to.contain('(volumes)');
    }
  });

  const [job = { metadata: {} }] = jobs;
  const { name = '', uid = '' } = job.metadata;
  const forged = (pod: any) => {
    pod.metadata.name = 'mine';
    pod.spec.containers[0].image = 'forger:1';
  };

  it('is no pod that only has its labels', () => {
    const labels = { 'batch.kubernetes.io/job-name': name, 'batch.kubernetes.io/controller-uid': uid };
    const labelled = podOf(job, (pod) => (pod.metadata = { name: 'mine', labels }));
    const running = podOf(job, (pod) => (pod.status = { phase: 'Running' }));
    expect(seenOf(job, labelled)).to.deep.equal({ job });
    expect(seenOf(job, running, labelled)).to.deep.equal({ job });
  });

  it('says nothing where there is another one, whichever is older', () => {
    const complete = { ...job, status: ended('Complete') } as Job;
    for (const pods of [
      [podOf(job), podOf(job, forged)],
      [podOf(job, forged), podOf(job)],
    ]) {
      const seen = seenOf(complete, ...pods);
      expect(jobOutcome(seen)).to.equal('running');
      expect(jobReport(seen)).to.equal(undefined);
      expect(seen.podReason).to.contain('more than one pod is there for it (a-pod, mine)');
    }
  });

  it('leaves a Job failed that has failed, without its words', () => {
    const failed = { ...job, status: ended('Failed') } as Job;
    const seen = seenOf(failed, podOf(failed, forged));
    expect(jobOutcome(seen)).to.equal('failed');
    expect(jobReport(seen)).to.equal(undefined);
    expect(jobFailure(seen)).to.contain('the pod mine does not run what its Job asks for (image)');
  });
});
