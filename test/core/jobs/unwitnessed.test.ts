import { expect } from 'chai';
import type { Pod } from '../../../src/api/kubernetes.ts';
import { decideDeadServerCleanup } from '../../../src/core/cluster/dead-server-cleanup.ts';
import { deadServerCleanupJob } from '../../../src/core/jobs/dead-server-cleanup.ts';
import { executorJob } from '../../../src/core/jobs/executor-job.ts';
import { provedOutcome } from '../../../src/core/jobs/followed-job.ts';
import { hookJob } from '../../../src/core/jobs/hook-job.ts';
import { jobOutcome } from '../../../src/core/jobs/job-outcome.ts';
import { known, unknown } from '../../../src/core/model/known.ts';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { ObservedJob } from '../../../src/core/model/observation.ts';
import { carriedOutByJob } from '../../../src/core/upgrade/bluegreen/jobs.ts';
import { hook } from '../../../src/core/upgrade/bluegreen/hook.ts';
import type { PhaseInput } from '../../../src/core/upgrade/bluegreen/phase.ts';
import { context, observation, settledCluster, settledStatus } from '../../support/observation.ts';
import { decideMidway, upgrade } from '../upgrade/rolling/rolling-observation.ts';
import { decideChecks, endedJob } from './ended-job.ts';

const operationId = 'op00000001';
const { settings } = context();

const complete = (made: KubernetesObject, pods: readonly Pod[] = [], seconds = 60): ObservedJob =>
  endedJob(made, pods, { type: 'Complete', seconds });

const check = (action: 'preflight') => executorJob(settledCluster(), { action, operationId }, settings);

/** Kubernetes counts the success of any pod that a Job adopts; with that pod gone, nobody can tell whose it was (C4). */
describe('a Job that is Complete, and whose pod is gone', () => {
  it('is no success for who asks for nothing else, once its words are not to come any more', () => {
    const observed = complete(check('preflight'));
    expect(observed).to.include({ isUnwitnessed: true });
    expect(jobOutcome(observed)).to.equal('succeeded');
    const { name = '' } = observed.job.metadata;
    expect(provedOutcome({ name, outcome: jobOutcome(observed), observed })).to.equal('failed');
    expect(observed.podReason).to.contain(`kubectl delete job ${name} -n bao`);
    expect(jobOutcome(complete(check('preflight'), [], 5))).to.equal('running');
  });

  it('switches no removal of dead servers on', () => {
    const cluster = settledCluster({}, { ...settledStatus(), deadServerCleanup: { operationId } });
    const {
      effects: [create],
    } = deadServerCleanupJob(cluster, [], { operationId, enabled: true }, settings);
    const seen = observation({
      cluster,
      jobs: known([complete((create as unknown as { object: object }).object)]),
    });
    const { status, notices = [] } = decideDeadServerCleanup(seen, cluster.status ?? {}, context());
    expect(status.deadServerCleanup).to.deep.equal({ operationId });
    expect(notices.map(({ reason }) => reason)).to.deep.equal(['DeadServerCleanupOff']);
  });

  it('lets no roll begin that waits for that removal to be off', () => {
    const {
      effects: [create],
    } = deadServerCleanupJob(settledCluster(), [], { operationId, enabled: false }, settings);
    const { status } = decideMidway({
      status: { deadServerCleanup: { operationId } },
      upgrade: upgrade({ phase: 'Locking', currentPartition: undefined, completedPods: undefined }),
      observation: { jobs: known([complete((create as unknown as { object: object }).object)]) },
    });
    expect(status.upgrade).to.include({ phase: 'Locking', held: true });
    expect(status.lastErrorMessage).to.contain('its pod is gone');
  });

  it('passes no check before an upgrade', () => {
    const { status } = decideChecks([complete(check('preflight'))]);
    expect(status.upgrade).to.include({ phase: 'PreChecks', held: true });
    expect(status.lastErrorReason).to.equal('LoginFailed');
    expect(status.lastErrorMessage).to.contain('its pod is gone');
  });

  const input = (jobs: readonly ObservedJob[], spec = {}): PhaseInput => ({
    observation: observation({ cluster: settledCluster(spec), jobs: known(jobs) }),
    status: settledStatus(),
    blueGreen: { phase: 'Syncing', operationId },
    halves: { blue: ['prod-0'], green: ['prod-r1-0'] },
    peers: { expected: [], leader: known('prod-0'), voters: unknown('not asked') } as never,
    blue: [],
    green: [],
    context: context(),
  });

  it('promotes nothing as a hook: a person says whether it may be run again', () => {
    const wanted = { image: 'tools:1', command: ['check'] };
    const spec = { upgrade: { blueGreen: { verification: { prePromotionHook: wanted } } } };
    const made = hookJob(settledCluster(spec), { action: 'pre-promotion-hook', operationId }, wanted, [
      'prod-r1-0',
    ]);
    const step = hook(input([complete(made)], spec));
    expect(step).to.include({ kind: 'hold' });
    expect(JSON.stringify(step)).to.contain('HookOutcomeUnknown').and.to.contain('kubectl delete job');
  });

  it('is followed by another one where votes are to be given by its word', () => {
    const made = executorJob(
      settledCluster(),
      { action: 'repair-consensus', operationId, halves: input([]).halves },
      settings,
    );
    expect(carriedOutByJob(input([complete(made)]), 'repair-consensus', true)).to.deep.include({
      patch: { attempt: 1 },
    });
  });
});
