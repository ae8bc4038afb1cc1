import { expect } from 'chai';
import {
  eventRecorder,
  reportingController,
  type ReportedEvent,
} from '../../../src/controller/runtime/events.ts';
import type { KubernetesClient } from '../../../src/io/kubernetes/kubernetes.ts';
import { recordingLogger } from '../../certs/recording-logger.ts';
import { controllerGround, type ControllerGround } from '../support/ground.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

interface StoredEvent {
  readonly metadata: { readonly name: string };
  readonly note: string;
  readonly reason: string;
  readonly eventTime: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly regarding: object;
}

const happened: ReportedEvent = {
  type: 'Normal',
  reason: 'UpgradeStarted',
  action: 'Upgrade',
  note: 'from 2.4.4 to 2.5.5',
};

describe('Events on a real API server', function () {
  let test: ControllerGround;

  before(async function () {
    test = await controllerGround(this, 'events-test');
  });
  after(() => test?.close());

  const path = '/apis/events.k8s.io/v1/namespaces/events-test/events';
  const regarding = (name: string) => ({
    apiVersion: 'openbao.org/v1alpha1',
    kind: 'OpenBaoCluster',
    metadata: { namespace: 'events-test', name, uid: `uid-of-${name}`, resourceVersion: '7' },
  });
  const eventsOf = async (name: string) =>
    (await test.client.list<StoredEvent>(path)).filter(({ metadata }) =>
      metadata.name.startsWith(`${name}.`),
    );

  function recorder(client: Pick<KubernetesClient, 'create' | 'request'> = test.client) {
    const clock = simulatedClock(Date.now());
    const logger = recordingLogger();
    return { clock, logger, ...eventRecorder({ client, logger, reportingInstance: 'pod-1', clock }) };
  }

  it('say what happened to what, and who says so', async () => {
    const { record, flush, logger } = recorder();
    record(regarding('a'), happened);
    await flush();
    expect(logger.lines).to.deep.equal([]);
    const [event] = await eventsOf('a');
    expect(event).to.deep.include({
      ...happened,
      reportingController,
      reportingInstance: 'pod-1',
      regarding: {
        apiVersion: 'openbao.org/v1alpha1',
        kind: 'OpenBaoCluster',
        namespace: 'events-test',
        name: 'a',
        uid: 'uid-of-a',
        resourceVersion: '7',
      },
    });
    const { stdout } = await test.ground.kubectl(['-n', 'events-test', 'events']);
    expect(stdout).to.contain('UpgradeStarted').and.contain('from 2.4.4 to 2.5.5');
  });

  it('that are the same within five minutes count up one', async () => {
    let patches = 0;
    const { record, flush, clock } = recorder({
      create: (...given) => test.client.create(...given),
      request: (call) => {
        patches += 1;
        return test.client.request(call);
      },
    });
    record(regarding('b'), happened);
    await flush();
    clock.advance(4 * 60_000);
    record(regarding('b'), happened);
    record(regarding('b'), happened);
    await flush();
    const [event, ...others] = await eventsOf('b');
    expect(others).to.deep.equal([]);
    expect(event?.series?.count).to.equal(3);
    expect(patches).to.equal(1);
    expect(event?.series?.lastObservedTime).to.equal(
      new Date(clock.now()).toISOString().replace('Z', '000Z'),
    );
    clock.advance(5 * 60_000 + 1);
    record(regarding('b'), happened);
    await flush();
    expect(await eventsOf('b')).to.have.length(2);
  });

  it('that differ stand for themselves', async () => {
    const { record, flush } = recorder();
    record(regarding('c'), happened);
    record(regarding('c'), { ...happened, note: 'another' });
    record(regarding('d'), happened);
    await flush();
    expect(await eventsOf('c')).to.have.length(2);
    expect(await eventsOf('d')).to.have.length(1);
  });

  it('are written anew when the API server has forgotten them', async () => {
    const { record, flush } = recorder();
    record(regarding('e'), happened);
    await flush();
    await test.client.remove(`${path}/${(await eventsOf('e'))[0]?.metadata.name}`);
    record(regarding('e'), happened);
    await flush();
    record(regarding('e'), happened);
    await flush();
    expect(await eventsOf('e')).to.have.length(1);
  });

  it('are cut to what the API server takes, in no character', async () => {
    const { record, flush, logger } = recorder();
    record(regarding('f'), {
      ...happened,
      note: 'ä€😀'.repeat(300),
      reason: 'R'.repeat(200),
      action: 'A'.repeat(200),
    });
    await flush();
    expect(logger.lines).to.deep.equal([]);
    const [event] = await eventsOf('f');
    expect(Buffer.byteLength(event?.note ?? '')).to.be.within(1_018, 1_024);
    expect(event?.note).to.match(/^(ä€😀)+ä?€?…$/u);
    expect(event?.reason).to.have.length(128);
  });

  it('that cannot be written are logged, and hold up nothing', async () => {
    const { record, flush, logger } = recorder({
      create: () => Promise.reject(new Error('no')),
      request: () => Promise.reject(new Error('no')),
    });
    for (let n = 0; n < 5_000; n += 1) record(regarding('g'), { ...happened, note: String(n) });
    await flush();
    expect(logger.lines).to.have.length(1_000);
    record(regarding('g'), happened);
    await flush();
    expect(logger.lines).to.have.length(1_001);
  });
});
