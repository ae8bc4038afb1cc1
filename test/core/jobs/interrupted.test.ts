import { expect } from 'chai';
import type { Job, Pod } from '../../../src/api/kubernetes.ts';
import { decideDeadServerCleanup } from '../../../src/core/cluster/dead-server-cleanup.ts';
import { deadServerCleanupJob } from '../../../src/core/jobs/dead-server-cleanup.ts';
import { executorJob } from '../../../src/core/jobs/executor-job.ts';
import { jobFailure, jobOutcome } from '../../../src/core/jobs/job-outcome.ts';
import { versionCheckJob } from '../../../src/core/jobs/version-check-job.ts';
import { known } from '../../../src/core/model/known.ts';
import type { ObservedJob } from '../../../src/core/model/observation.ts';
import { context, observation, settledCluster, settledStatus } from '../../support/observation.ts';
import { decideChecks, endedJob } from './ended-job.ts';

const operationId = 'op00000001';
const { settings } = context();
const preflight = executorJob(settledCluster(), { action: 'preflight', operationId }, settings) as Job;

type Status = NonNullable<Pod['status']>;
type Terminated = NonNullable<
  NonNullable<NonNullable<Status['containerStatuses']>[0]>['state']
>['terminated'];

function podOf(made: Job, terminated: Terminated, status: Status = {}, metadata: object = {}): Pod {
  const ownerReferences = [{ kind: 'Job', uid: 'job-1', controller: true }];
  const { name = '' } = made.spec?.template?.spec?.containers?.[0] ?? {};
  const containerStatuses = [{ name, state: { terminated } }] as NonNullable<Status['containerStatuses']>;
  return {
    metadata: { name: 'check-x', ownerReferences, ...metadata } as Pod['metadata'],
    spec: made.spec?.template?.spec as NonNullable<Pod['spec']>,
    status: { phase: 'Failed', containerStatuses, ...status },
  };
}

const failed = (made: Job, pods: readonly Pod[], reason = 'BackoffLimitExceeded'): ObservedJob =>
  endedJob(made, pods, { type: 'Failed', reason });

const loginFailed = '{"outcome":"failed","reason":"LoginFailed","message":"no time was left"}';
const evicted = podOf(
  preflight,
  { exitCode: 1, message: loginFailed },
  { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] },
);

describe('a Job whose pod was taken away before it was done', () => {
  const cases: readonly (readonly [string, readonly Pod[], string])[] = [
    ['drained', [evicted], 'its pod check-x was evicted (EvictionByEvictionAPI)'],
    [
      'evicted by its node',
      [podOf(preflight, undefined, { reason: 'Evicted' })],
      'its pod check-x was evicted (Evicted)',
    ],
    [
      'deleted',
      [podOf(preflight, { exitCode: 1 }, {}, { deletionTimestamp: '2026-01-02T03:04:05Z' })],
      'its pod check-x was deleted',
    ],
    ['gone', [], 'its pod was deleted'],
    ['ended by SIGTERM', [podOf(preflight, { exitCode: 143 })], 'its container was ended by signal 15'],
    ['killed', [podOf(preflight, { exitCode: 137, reason: 'Error' })], 'its container was ended by signal 9'],
  ];
  for (const [what, pods, words] of cases)
    it(`says that it was ${what}`, () => {
      const observed = failed(preflight, pods);
      expect(jobOutcome(observed)).to.equal('failed');
      expect(jobFailure(observed)).to.contain(words);
    });

  it('has failed by itself where it was out of memory or time, crashed, or said why', () => {
    const own: readonly (readonly [readonly Pod[], string?])[] = [
      [[podOf(preflight, { exitCode: 137, reason: 'OOMKilled' })]],
      [[podOf(preflight, { exitCode: 139 })]],
      [[podOf(preflight, { exitCode: 1, message: loginFailed })]],
      [[], 'DeadlineExceeded'],
    ];
    for (const [pods, reason] of own) expect(failed(preflight, pods, reason).interrupted).to.equal(undefined);
  });
});

describe('a Job whose pod was evicted for a limit of its own', () => {
  // As the kubelet writes them.
  const messages = [
    'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ',
    'Container executor exceeded its local ephemeral storage limit "1Gi". ',
    'Usage of EmptyDir volume "spool" exceeds the limit "1Gi". ',
  ];
  for (const message of messages)
    it(`has failed by itself, for so would the next, and says why: ${message.slice(0, 30)}…`, () => {
      const condition = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message };
      const pod = podOf(
        preflight,
        { exitCode: 137, reason: 'ContainerStatusUnknown' },
        { reason: 'Evicted', message, conditions: [condition] },
      );
      const observed = failed(preflight, [pod]);
      expect(observed.interrupted).to.equal(undefined);
      expect(jobFailure(observed)).to.contain(message.trim());
    });

  it('is told from one whose node was short of it', () => {
    const message =
      'The node was low on resource: ephemeral-storage. Container executor was using 2Gi, which exceeds its request of 0. ';
    const observed = failed(preflight, [podOf(preflight, undefined, { reason: 'Evicted', message })]);
    expect(observed.interrupted).to.equal('its pod check-x was evicted (Evicted)');
    expect(jobFailure(observed)).to.contain(message.trim());
  });
});

describe('a check before an upgrade whose pod was taken away', () => {
  const versionCheck = versionCheckJob(
    settledCluster(),
    { operationId, image: 'openbao/openbao:2.5.6' },
    settings,
  ) as Job;

  it('is run again, and nobody is told that a role or an image is wrong', () => {
    for (const [made, pods] of [
      [preflight, [evicted]],
      [versionCheck, []],
    ] as const) {
      const { status, effects } = decideChecks([failed(made, pods)]);
      expect(status.upgrade).to.deep.include({ phase: 'PreChecks' }).and.to.not.have.any.keys('held');
      expect(status.upgrade?.waitingFor).to.match(/its pod (check-x )?was (evicted|deleted).*run again/);
      expect(effects.filter(({ kind }) => kind === 'delete')).to.deep.equal([
        {
          kind: 'delete',
          target: { apiVersion: 'batch/v1', kind: 'Job', namespace: 'bao', name: made.metadata.name },
          uid: 'job-1',
        },
      ]);
    }
  });

  it('is waited for while it goes', () => {
    const going = {
      ...preflight,
      metadata: { ...preflight.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' },
    };
    expect(decideChecks([failed(going, [])]).effects.map(({ kind }) => kind)).to.not.include('delete');
  });
});

describe('the Job that lets autopilot remove dead servers again, whose pod was taken away', () => {
  it('is run again, and holds nothing', () => {
    const cluster = settledCluster({}, { ...settledStatus(), deadServerCleanup: { operationId } });
    const wanted = { operationId, enabled: true };
    const [create] = deadServerCleanupJob(cluster, [], wanted, settings).effects;
    const { object } = create as unknown as { object: Job };
    const seen = observation({ cluster, jobs: known([failed(object, [])]) });
    const { notices = [], effects } = decideDeadServerCleanup(seen, cluster.status ?? {}, context());
    expect(notices.map(({ kind }) => kind)).to.deep.equal(['waiting']);
    expect(effects.map(({ kind }) => kind)).to.deep.equal(['delete']);
  });
});
