import { expect } from 'chai';
import type { Job, Pod } from '../../../src/api/kubernetes.ts';
import { followedJob } from '../../../src/core/jobs/followed-job.ts';
import {
  jobFailure,
  jobHindrance,
  jobOutcome,
  jobReport,
  observeJob,
  versionOf,
} from '../../../src/core/jobs/job-outcome.ts';

const job = (
  conditions: readonly { type: string; status: string; reason?: string; message?: string }[] = [],
) =>
  ({
    metadata: { name: 'prod-step-down-1', uid: 'j-1' },
    spec: { template: { spec: { containers: [{ name: 'executor' }] } } },
    status: { conditions },
  }) satisfies Job;

type State = NonNullable<NonNullable<NonNullable<Pod['status']>['containerStatuses']>[0]>['state'];

const ownedBy = (uid: string) => ({ ownerReferences: [{ kind: 'Job', uid, controller: true }] });

const podOf = (state: State, { uid = 'j-1' } = {}): Pod => ({
  metadata: {
    name: 'prod-step-down-1-x',
    ...ownedBy(uid),
  },
  spec: { containers: [{ name: 'executor' }] },
  status: { containerStatuses: [{ name: 'executor', ...(state === undefined ? {} : { state }) }] },
});

const complete = { type: 'Complete', status: 'True' };
const failed = (reason: string, message = '') => ({ type: 'Failed', status: 'True', reason, message });
const report = {
  outcome: 'refused',
  reason: 'NoHealthyVoter',
  message: 'no other voter is healthy',
} as const;

describe('the outcome of a Job', () => {
  it('is absent when there is none', () => {
    expect(followedJob([{ job: job() }], { metadata: { name: 'prod-step-down-2' } })).to.deep.equal({
      name: 'prod-step-down-2',
      outcome: 'absent',
    });
    expect(jobReport(undefined)).to.equal(undefined);
  });

  it('is that of the Job of exactly this name', () => {
    const observed = { job: job([complete]) };
    const others = [{ job: { metadata: { name: 'prod-step-down-11' } } }, observed];
    expect(followedJob(others, { metadata: { name: 'prod-step-down-1' } })).to.deep.equal({
      name: 'prod-step-down-1',
      outcome: 'succeeded',
      observed,
    });
  });

  it('is running until the Job itself says otherwise', () => {
    expect(jobOutcome({ job: { metadata: {} } })).to.equal('running');
    expect(jobOutcome({ job: job([{ type: 'Complete', status: 'False' }]) })).to.equal('running');
    expect(jobOutcome({ job: job([{ type: 'FailureTarget', status: 'True' }]) })).to.equal('running');
    expect(jobOutcome({ job: job([{ type: 'SuccessCriteriaMet', status: 'True' }]) })).to.equal('running');
  });

  it('is succeeded as soon as its container is, unless the Job itself has failed', () => {
    const succeeded = podOf({ terminated: { exitCode: 0, message: 'done' } });
    const seen = (conditions: Parameters<typeof job>[0], pods = [succeeded]) =>
      jobOutcome(observeJob(job(conditions), pods, Date.UTC(2026, 10, 21, 9)));
    expect(seen([])).to.equal('succeeded');
    expect(seen([failed('DeadlineExceeded')])).to.equal('failed');
    for (const state of [
      { terminated: { exitCode: 1 } },
      { terminated: {} },
      { running: {} },
      {},
      undefined,
    ]) {
      expect(seen([], [podOf(state)]), JSON.stringify(state)).to.equal('running');
    }
    const terminated = { exitCode: 0, message: 'of a mesh' };
    const proxy = { name: 'a-proxy', state: { terminated } };
    const [own] = podOf({ running: {} }).status?.containerStatuses ?? [];
    const both: Pod = { ...succeeded, status: { containerStatuses: [proxy, ...(own ? [own] : [])] } };
    expect(seen([], [both])).to.equal('running');
    expect(observeJob(job(), [both], 0).message).to.equal(undefined);
  });

  it('is succeeded or failed by its condition, whatever its pod wrote', () => {
    expect(jobOutcome({ job: job([complete]) })).to.equal('succeeded');
    for (const reason of ['BackoffLimitExceeded', 'DeadlineExceeded']) {
      expect(jobOutcome({ job: job([failed(reason)]), message: '{"outcome":"done"}' })).to.equal('failed');
    }
  });

  it('comes with the report of the executor', () => {
    expect(jobReport({ job: job(), message: JSON.stringify(report) })).to.deep.equal(report);
    for (const message of ['', 'Segmentation fault', '{}', '{"outcome":"yes","reason":"A","message":""}']) {
      expect(jobReport({ job: job(), message }), message).to.equal(undefined);
    }
  });

  it('says why it failed, by the report where there is one', () => {
    const conditions = [failed('DeadlineExceeded', 'Job was active longer than specified deadline')];
    expect(jobFailure({ job: job(conditions), message: JSON.stringify(report) })).to.equal(
      'NoHealthyVoter: no other voter is healthy',
    );
    expect(jobFailure({ job: job(conditions), podReason: 'ImagePullBackOff: not found' })).to.equal(
      'Job prod-step-down-1: DeadlineExceeded: Job was active longer than specified deadline: ImagePullBackOff: not found',
    );
    expect(jobFailure({ job: job() })).to.equal('Job prod-step-down-1: it failed and said nothing');
  });
});

describe('what is seen of a Job', () => {
  const now = Date.UTC(2026, 10, 21, 8, 2);
  const ended = (type: string, secondsAgo: number) => ({
    ...complete,
    type,
    lastTransitionTime: new Date(now - secondsAgo * 1000).toISOString(),
  });

  for (const type of ['Complete', 'Failed']) {
    it(`is no end before its pod is seen to have ended, or for half a minute: ${type}`, () => {
      const outcome = { Complete: 'succeeded', Failed: 'failed' }[type];
      const said = podOf({ terminated: { message: 'OpenBao v2.5.5' } });
      for (const late of [[], [podOf({ running: {} })], [podOf(undefined)]]) {
        expect(jobOutcome(observeJob(job([ended(type, 1)]), late, now))).to.equal('running');
        expect(jobOutcome(observeJob(job([ended(type, -5)]), late, now))).to.equal('running');
        expect(jobOutcome(observeJob(job([ended(type, 31)]), late, now))).to.equal(outcome);
      }
      expect(jobOutcome(observeJob(job([ended(type, 1)]), [said], now))).to.equal(outcome);
      const evicted: Pod = { ...podOf(undefined), status: { phase: 'Failed' } };
      expect(jobOutcome(observeJob(job([ended(type, 1)]), [evicted], now))).to.equal(outcome);
    });
  }

  it('is never taken from the pod of an earlier Job of the same name', () => {
    const stale = podOf({ terminated: { message: 'stale' } }, { uid: 'j-0' });
    expect(observeJob(job(), [stale], now)).to.deep.equal({ job: job() });
  });

  it('tells why its container does not start', () => {
    const waiting = podOf({ waiting: { reason: 'ImagePullBackOff', message: 'no such tag' } });
    expect(jobHindrance(observeJob(job(), [waiting], now))).to.equal('ImagePullBackOff: no such tag');
    expect(jobHindrance(observeJob(job([complete]), [waiting], now))).to.equal(undefined);
  });

  it('tells why its pod has no node', () => {
    const pod: Pod = {
      ...podOf(undefined),
      status: {
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes are available',
          },
        ],
      },
    };
    expect(jobHindrance(observeJob(job(), [pod], now))).to.equal('Unschedulable: 0/3 nodes are available');
  });

  it('is nothing while the container is made or runs', () => {
    for (const state of [{ waiting: { reason: 'ContainerCreating' } }, { running: {} }, undefined]) {
      expect(observeJob(job(), [podOf(state)], now)).to.deep.equal({ job: job() });
    }
  });

  it('tells how its container was ended', () => {
    const killed = podOf({ terminated: { reason: 'OOMKilled', exitCode: 137 } });
    expect(observeJob(job(), [killed], now).podReason).to.equal('OOMKilled');
    expect(observeJob(job(), [podOf({ terminated: { reason: 'Error' } })], now).podReason).to.equal(
      undefined,
    );
  });
});

describe('the version an image says it holds', () => {
  const told: readonly (readonly [string, string | undefined])[] = [
    ['OpenBao v2.5.5\n', '2.5.5'],
    ['OpenBao v2.5.5 (bb8b4d3), built 2026-03-01T12:00:00Z', '2.5.5'],
    ['OpenBao v2.6.0-beta20260501 (abc)', '2.6.0-beta20260501'],
    ['OpenBao v2.5.5+b1', '2.5.5+b1'],
    ['warning: something\nOpenBao v2.4.4', '2.4.4'],
    ['Vault v1.14.0', undefined],
    ['OpenBao v2.5', undefined],
    ['exec /bin/sh: exec format error', undefined],
    ['', undefined],
  ];
  for (const [message, version] of told) {
    it(`is ${version ?? 'none'} in ${JSON.stringify(message)}`, () => {
      expect(versionOf(message)).to.equal(version);
    });
  }
});
