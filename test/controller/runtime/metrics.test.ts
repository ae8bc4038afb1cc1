import { expect } from 'chai';
import { controllerMetrics } from '../../../src/controller/runtime/metrics.ts';
import { workQueue } from '../../../src/controller/runtime/queue.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

describe("the controller's metrics", () => {
  it('are there before anything happened', async () => {
    const { registry, queueObserver } = controllerMetrics(['openbaocluster']);
    queueObserver('openbaocluster');
    const text = await registry.metrics();
    expect(text).to.contain(
      'controller_runtime_reconcile_total{controller="openbaocluster",result="requeue_after"} 0',
    );
    expect(text).to.contain('controller_runtime_reconcile_errors_total{controller="openbaocluster"} 0');
    expect(text).to.contain('controller_runtime_reconcile_time_seconds_count{controller="openbaocluster"} 0');
    expect(text).to.contain('workqueue_adds_total{name="openbaocluster",controller="openbaocluster"} 0');
  });

  it('count passes and calls, and say who leads', async () => {
    const { registry, reconciled, answered, leading } = controllerMetrics(['c']);
    reconciled('c', 'success', 20);
    reconciled('c', 'error', 2_000);
    answered({ method: 'PUT', host: 'h:1', status: 409 });
    answered({ method: 'GET', host: 'h:1', status: 0 });
    leading('rollguard', true);
    const text = await registry.metrics();
    for (const line of [
      'controller_runtime_reconcile_total{controller="c",result="success"} 1',
      'controller_runtime_reconcile_total{controller="c",result="error"} 1',
      'controller_runtime_reconcile_errors_total{controller="c"} 1',
      'controller_runtime_reconcile_time_seconds_sum{controller="c"} 2.02',
      'rest_client_requests_total{code="409",method="PUT",host="h:1"} 1',
      'rest_client_requests_total{code="<error>",method="GET",host="h:1"} 1',
      'leader_election_master_status{name="rollguard"} 1',
    ])
      expect(text).to.contain(line);
  });

  it('show the queue as it is when they are asked', async () => {
    const clock = simulatedClock();
    const { registry, queueObserver, showQueue } = controllerMetrics(['c'], clock);
    const end = Promise.withResolvers<{ kind: 'done' }>();
    const queue = workQueue({
      concurrency: 1,
      run: () => end.promise,
      threw: () => {},
      observer: queueObserver('c'),
      clock,
    });
    showQueue('c', queue, 1);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    clock.advance(3_000);
    const text = await registry.metrics();
    for (const line of [
      'workqueue_depth{name="c",controller="c"} 2',
      'workqueue_adds_total{name="c",controller="c"} 3',
      'workqueue_queue_duration_seconds_count{name="c",controller="c"} 1',
      'workqueue_retries_total{name="c",controller="c"} 0',
      'workqueue_unfinished_work_seconds{name="c",controller="c"} 3',
      'workqueue_longest_running_processor_seconds{name="c",controller="c"} 3',
      'controller_runtime_active_workers{controller="c"} 1',
      'controller_runtime_max_concurrent_reconciles{controller="c"} 1',
    ])
      expect(text).to.contain(line);
    end.resolve({ kind: 'done' });
    await queue.drain();
    expect(await registry.metrics()).to.contain('workqueue_depth{name="c",controller="c"} 0');
  });
});
