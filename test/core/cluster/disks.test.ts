import { wordsOf } from '../../support/notices.ts';
import { expect } from 'chai';
import type { OpenBaoClusterStatus } from '../../../src/api/openbaocluster.ts';
import { actionAnnotation } from '../../../src/api/labels.ts';
import { decideDisks } from '../../../src/core/cluster/disks.ts';
import { jobName } from '../../../src/core/jobs/job-name.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import {
  claim,
  context,
  emptyMember,
  member,
  membersOf,
  observation,
  observedJob,
  raftOf,
  serverPod,
  settledCluster,
  settledStatus,
} from '../../support/observation.ts';

type Given = Parameters<typeof observation>[0];

const going = { deletionTimestamp: '2026-01-02T03:04:05Z' };
const recorded = {
  ...settledStatus(),
  members: [0, 1, 2].map((n) => ({ name: `prod-${n}`, claimUID: `claim-${n}` })),
};
const others = [member(0), member(1)];
const claims = (third: ReturnType<typeof claim>) => known([claim(0), claim(1), third]);
const pods = (...third: ReturnType<typeof serverPod>[]) => known([serverPod(0), serverPod(1), ...third]);

const wiped = {
  claims: claims(claim(2, null, { uid: 'a-new-one' })),
  pods: pods(serverPod(2, { ready: false })),
  members: membersOf(...others, emptyMember(2)),
};
const step = { action: 'remove-peer', operationId: 'diskclaim2', pod: 'prod-2' } as const;

function decided(given: Given, status: OpenBaoClusterStatus = recorded) {
  const cluster = given?.cluster ?? settledCluster({}, status);
  const seen = observation({ ...given, cluster });
  const { effects, notices } = decideDisks(seen, cluster.status ?? {}, context());
  return {
    jobs: effects.map((effect) => (effect.kind === 'create' ? effect.object.metadata?.name : effect.kind)),
    notices: (notices ?? []).map(({ reason }) => reason),
    message: wordsOf(notices?.[0]),
  };
}

/** What follows `kubectl ` in a message. */
const commandsIn = (message = '') =>
  message
    .split(/kubectl /)
    .slice(1)
    .map((command) => command.replace(/(?: && |; [a-z ]+: )$/, ''));

describe('a member that lost its disk', () => {
  it('is removed from Raft before it counts again (openbao.md, fact 8)', () => {
    expect(decided(wiped).jobs).to.deep.equal([jobName('prod', step)]);
    const third = serverPod(2, { waiting: 'ContainerCreating' });
    expect(decided({ ...wiped, pods: pods(third), members: membersOf(...others) }).jobs).to.have.length(1);
  });

  it('is removed as soon as its volume and its pod are going', () => {
    const lost = { claims: claims(claim(2, '2.5.5', going)), members: membersOf(...others) };
    expect(decided({ ...lost, pods: pods() }).jobs).to.have.length(1);
    expect(decided({ ...lost, pods: pods(serverPod(2, { terminating: true })) }).jobs).to.have.length(1);
  });

  it('is removed also while the volumes of the others are being deleted: they vote (L3)', () => {
    for (const kept of [
      [0, 1],
      [0, 1, 3, 4],
    ]) {
      const all = [...kept, 2];
      const status = {
        ...settledStatus(all.length),
        members: all.map((n) => ({ name: `prod-${n}`, claimUID: `claim-${n}` })),
      };
      const third = [
        [claim(2, '2.5.5', going), serverPod(2, { terminating: true }), []],
        [claim(2, null, { uid: 'a-new-one' }), serverPod(2, { ready: false }), [emptyMember(2)]],
      ] as const;
      for (const [volume, pod, silent] of third) {
        const given = {
          cluster: settledCluster({ replicas: all.length }, status),
          claims: known([...kept.map((n) => claim(n, '2.5.5', going)), volume]),
          pods: known([...kept.map((n) => serverPod(n)), pod]),
          members: membersOf(...kept.map((n) => member(n)), ...silent),
          raft: known(raftOf(all.map((n) => `prod-${n}`).toSorted())),
        };
        expect(decided(given, status).jobs).to.deep.equal([jobName('prod', step)]);
      }
    }
  });

  it('is told, and left to the upgrade, while a blue-green upgrade moves votes or removes a half', () => {
    const phases = [
      'Promoting',
      'UpgradingGreen',
      'DemotingBlue',
      'Cleanup',
      'RollingBack',
      'RollbackCleanup',
    ];
    for (const phase of phases as readonly 'Promoting'[]) {
      const { jobs, notices, message } = decided(wiped, { ...recorded, blueGreen: { phase } });
      expect({ jobs, notices }, phase).to.deep.equal({ jobs: [], notices: ['DiskLost'] });
      expect(message).to.contain(`prod-2 has lost its volume; it is not repaired in ${phase}`);
    }
    const removed = { ...recorded, blueGreen: { phase: 'Cleanup' as const } };
    expect(decided({ raft: known(raftOf(['prod-1', 'prod-2'])) }, removed).notices).to.deep.equal([]);
    const early = { ...recorded, blueGreen: { phase: 'Syncing' as const } };
    expect(decided(wiped, early).jobs).to.have.length(1);
  });

  for (const [title, given] of [
    [
      'whose pod still runs on the volume that is being deleted',
      { claims: claims(claim(2, '2.5.5', going)) },
    ],
    ['that is unsealed on its new volume: it is past the danger', { claims: wiped.claims }],
    [
      'that does not answer: it may have come back long ago',
      { ...wiped, pods: pods(serverPod(2)), members: membersOf(...others) },
    ],
    [
      'whose volume is not seen: somebody may have taken its label off',
      { ...wiped, claims: known([claim(0), claim(1)]) },
    ],
    ['that Raft does not list', { ...wiped, raft: known(raftOf(['prod-0', 'prod-1'])) }],
    ['while the volumes are unknown', { ...wiped, claims: unknown('not read') }],
    ['while the membership is unknown', { ...wiped, raft: unknown('not read') }],
    ['while the Jobs are unknown', { ...wiped, jobs: unknown('not read') }],
    ['while paused', { ...wiped, cluster: settledCluster({ paused: true }, recorded) }],
    [
      'without which there would be no quorum',
      {
        ...wiped,
        pods: known([serverPod(0), serverPod(1, { ready: false }), serverPod(2, { ready: false })]),
      },
    ],
    ['that leads', { ...wiped, raft: known(raftOf(['prod-2', 'prod-0', 'prod-1'])) }],
  ] as const) {
    it(`is not removed when it is one ${title}`, () => {
      expect(decided(given).jobs).to.deep.equal([]);
    });
  }

  it('is awaited while its Job runs, and held when that fails', () => {
    const name = jobName('prod', step);
    const running = decided({ ...wiped, jobs: known([observedJob(name, 'running')]) });
    expect(running).to.deep.include({ jobs: [], notices: ['DiskLost'] });
    const failed = decided({ ...wiped, jobs: known([observedJob(name, 'failed')]) });
    expect(failed).to.deep.include({ jobs: [], notices: ['DiskRepairFailed'] });
    expect(failed.message).to.contain(`kubectl -n bao delete job ${name}`);
  });
});

describe('the Job that removes a member that lost its disk', () => {
  const name = jobName('prod', step);
  const report = (reason: string) => JSON.stringify({ outcome: 'refused', reason, message: 'as it is' });

  it('leaves it alone once it is unsealed', () => {
    const cluster = settledCluster({}, recorded);
    const [create] = decideDisks(observation({ ...wiped, cluster }), recorded, context()).effects;
    expect(JSON.stringify(create)).to.contain('"--only-while-sealed"').and.to.contain('"--pod=prod-2"');
  });

  it('is done when it found it recovered, and holds when it was refused for anything else', () => {
    const ended = (reason: string) =>
      decided({ ...wiped, jobs: known([observedJob(name, 'failed', report(reason))]) }).notices;
    expect(ended('MemberRecovered')).to.deep.equal([]);
    expect(ended('QuorumAtRisk')).to.deep.equal(['DiskRepairFailed']);
  });

  it('is not done by the word of a Job that somebody made under its name (C4)', () => {
    const forged = { ...observedJob(name, 'failed', report('MemberRecovered')), isUnproved: true } as const;
    const { notices, message } = decided({ ...wiped, jobs: known([forged]) });
    expect(notices).to.deep.equal(['DiskLost']);
    expect(message).to.contain(`kubectl delete job ${name} -n bao`);
  });

  it('waits until another removal has ended', () => {
    const other = (outcome: 'running' | 'succeeded') => {
      const { job } = observedJob('other', outcome);
      const metadata = { ...job.metadata, annotations: { [actionAnnotation]: 'remove-peer' } };
      return known([{ job: { ...job, metadata } }]);
    };
    expect(decided({ ...wiped, jobs: other('running') }).jobs).to.deep.equal([]);
    expect(decided({ ...wiped, jobs: other('succeeded') }).jobs).to.deep.equal([name]);
  });
});

describe('a member that runs and is in no membership', () => {
  it('is told: it may serve old values and cannot join again', () => {
    const { jobs, notices, message } = decided({ raft: known(raftOf(['prod-0', 'prod-1'])) });
    expect({ jobs, notices }).to.deep.equal({ jobs: [], notices: ['MemberWithoutMembership'] });
    // The gate refuses the pod's deletion before the stamp; the volume goes only when that was granted.
    expect(commandsIn(message)).to.deep.equal([
      `patch openbaocluster prod -n bao --type merge -p '{"spec":{"maintenance":{"enabled":true}}}'`,
      `wait pod/prod-2 -n bao --for='jsonpath={.metadata.annotations.openbao\\.org/maintenance}=true' --timeout=60s`,
      'delete pod/prod-2 -n bao --wait=false',
      'delete pvc/data-prod-2 -n bao --wait=false',
      `patch openbaocluster prod -n bao --type merge -p '{"spec":{"maintenance":{"enabled":false}}}'`,
    ]);
  });

  it('is not one that is still joining', () => {
    const raft = known(raftOf(['prod-0', 'prod-1']));
    expect(decided({ raft, members: membersOf(...others, emptyMember(2)) }).notices).to.deep.equal([]);
  });
});
