import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { MetadataServices } from '../../src/api/metadataservices.ts';
import { connect } from '../../src/io/kubernetes/kubernetes.ts';
import { until } from '../certs/recording-logger.ts';
import { isStable, newest, serves, startPoller } from './services.ts';
import { releaseSuite, type ReleaseSuite } from './suite.ts';

const namespace = 'releases';
/** What fails does so as soon as that is certain; what works has time on a slow machine. */
const rollout = { readinessTimeout: '90s', gracePeriod: '2s', cleanupDelay: '2s', failFast: true };
const tags = (tag: string) => ({ storage: { imageTag: tag }, schema: { imageTag: tag } });
const rollbackTo = 'e6data.io/rollback-to';

describe('releases of MetadataServices, whatever comes between, on a real node', function () {
  let suite: ReleaseSuite;

  before(async function () {
    suite = await releaseSuite(this, namespace);
  });

  after(() => suite?.stop());

  /** One that runs 1.0, under a controller that is at work. */
  async function begin(name: string) {
    if (!suite.driver.isRunning()) await suite.driver.start();
    const services = suite.handle(name);
    await services.apply({ ...tags('1.0'), rollout });
    await services.until('the first release serves', serves('1.0'));
    return services;
  }

  const eventsOf = (name: string) =>
    suite.kubectl(
      'get',
      'events',
      '--field-selector',
      `involvedObject.name=${name}`,
      '-o',
      'jsonpath={.items[*].message}',
    );
  const versions = ({ status }: MetadataServices) =>
    status?.releaseHistory?.map(({ version }) => version) ?? [];
  const asksFor = ({ metadata }: MetadataServices) => metadata.annotations?.[rollbackTo];
  const answered = (now: MetadataServices) => isStable(now) && asksFor(now) === undefined;

  it('a controller that is killed at each of its effects, forward and back', async () => {
    const services = await begin('crash');
    const poller = await startPoller(suite.ground, namespace, 'crash-storage');
    const client = connect({ kubeconfig: suite.ground.kubeconfig });
    /**
     * Each carries out one effect: in turn it is killed right after that, or right before the next one, when what
     * leads to that is recorded already. Its successor need not wait for the end of its lease.
     */
    const successor = async (turn: number) => {
      await client.remove('/apis/coordination.k8s.io/v1/namespaces/rollguard-system/leases');
      await suite.driver.start(turn % 2 === 0 ? { crashBefore: 2 } : { crashAfter: 1 });
    };
    /** @param first the turn of the first one: with the other, the other half of the effects is killed before */
    const crashUntil = async (first: number, isDone: (now: MetadataServices) => boolean) => {
      let crashes = 0;
      const done = services.until('done', isDone, 500_000).then(() => true);
      for (; crashes < 60; crashes += 1) {
        await successor(first + crashes);
        if (await Promise.race([done, suite.driver.ended().then(() => false)])) break;
      }
      await suite.driver.stop();
      return crashes;
    };
    await suite.driver.stop();
    // Each start takes seconds, and each makes one object.
    const windows = { readinessTimeout: '15m', gracePeriod: '1s', cleanupDelay: '1s' };
    await services.patch({ spec: { ...tags('1.1'), rollout: windows } });
    expect(await crashUntil(0, serves('1.1'))).to.be.above(8);
    const [first = ''] = versions(await services.read());
    await services.annotate(`${rollbackTo}=${first}`);
    expect(await crashUntil(1, (now) => serves('1.0')(now) && answered(now))).to.be.above(6);
    await client.close();

    const { status } = await services.read();
    expect(status?.releaseHistory?.map((each) => each.status)).to.deep.equal([
      'Superseded',
      'Superseded',
      'Active',
    ]);
    expect(newest({ status } as MetadataServices)).to.include({ rollbackTo: first });
    const { answered: requests, failures, tags: seen } = await poller.stop();
    expect(failures).to.deep.equal([]);
    expect(seen).to.deep.equal(['1.0', '1.1', '1.0']);
    expect(requests).to.be.above(100);
  });

  it('a first release that fails: Failed, its pods stay to be looked at, and a changed spec is tried at once', async () => {
    if (!suite.driver.isRunning()) await suite.driver.start();
    const services = suite.handle('first');
    await services.apply({ ...tags('crashes'), rollout });
    const { status } = await services.until('failed', (now) => now.status?.deploymentPhase === 'Failed');
    expect(status?.releaseHistory?.map((each) => each.status)).to.deep.equal(['Failed']);
    expect(status?.activeStrategy).to.equal(undefined);
    expect(await suite.deployments('first')).to.deep.equal(['first-schema-blue', 'first-storage-blue']);
    await until('an Event tells it', async () =>
      (await eventsOf('first')).includes('First deployment failed - no previous version to rollback to'),
    );
    // Without the gate it is the controller that says so.
    await services.annotate(`${rollbackTo}=${status?.releaseHistory?.[0]?.version}`);
    const refused = await services.until('refused', (now) => asksFor(now) === undefined);
    expect(refused.status?.rollback).to.include({ state: 'Refused' });
    await services.patch({ spec: tags('1.0') });
    expect((await services.until('serves', serves('1.0'))).status?.activeStrategy).to.equal('blue');
  });

  describe('a rollback', () => {
    it('to a release that is not known, to the one that serves, and to nothing: nothing is deployed', async () => {
      const services = await begin('targets');
      const before = await services.read();
      for (const [target, state] of [
        ['v20241106-000000-invalid', 'Refused'],
        [before.status?.activeReleaseVersion ?? '', 'Done'],
        // What releaseHistory[-2] of the specification, page 003, comes to where there is one release.
        ['', 'Refused'],
      ] as const) {
        await services.annotate(`${rollbackTo}=${target}`);
        const now = await services.until(
          `answered ${target}`,
          (each) => asksFor(each) === undefined && each.status?.rollback?.to === target,
        );
        expect(now.status?.rollback, target).to.include({ state });
        expect(versions(now)).to.deep.equal(versions(before));
        expect(now.metadata.generation, 'spec is as it was').to.equal(before.metadata.generation);
      }
      expect(await eventsOf('targets')).to.contain('v20241106-000000-invalid not found in history');
    });

    it('to a release that failed: it fails again, and what serves stays', async () => {
      const services = await begin('failed');
      await services.patch({ spec: tags('crashes') });
      const failed = await services.until(
        'rolled back',
        (now) => isStable(now) && newest(now)?.status === 'Failed',
      );
      const [, target = ''] = versions(failed);
      await services.annotate(`${rollbackTo}=${target}`);
      await services.until('answered', (now) => answered(now) && versions(now).length >= 3);
      const { status } = await services.read();
      expect(status?.releaseHistory?.map((each) => each.status)).to.deep.equal([
        'Active',
        'Failed',
        'Failed',
      ]);
      expect(await suite.deployments('failed')).to.deep.equal(['failed-schema-blue', 'failed-storage-blue']);
    });

    it('to the release that serves, in the midst of another: that one is given up', async () => {
      const services = await begin('abort');
      await services.patch({ spec: tags('never-ready') });
      await services.until('deploying', (now) => now.status?.step === 'WaitingForReady');
      const { status } = await services.read();
      await services.annotate(`${rollbackTo}=${status?.activeReleaseVersion}`);
      const now = await services.until(
        'given up',
        (each) => answered(each) && each.spec.storage.imageTag === '1.0',
      );
      expect(now.status?.activeReleaseVersion).to.equal(status?.activeReleaseVersion);
      await until('its pods are gone', async () => (await suite.deployments('abort')).length === 2);
    });
  });

  it('a release whose Deployments a person deletes (the last resort of page 003) is given up, and not made again', async () => {
    const services = await begin('forced');
    await services.patch({ spec: tags('never-ready') });
    await services.until('deploying', (now) => now.status?.step === 'WaitingForReady');
    await suite.kubectl('delete', 'deployment', 'forced-storage-green');
    await suite.kubectl('delete', 'deployment', 'forced-schema-green', '--ignore-not-found');
    await suite.kubectl('annotate', 'metadataservices', 'forced', `${rollbackTo}-`);
    const { status } = await services.until(
      'given up',
      (now) => isStable(now) && newest(now)?.status === 'Failed',
    );
    expect(newest({ status } as MetadataServices)).to.include({ reason: 'DeletedByHand' });
    expect(await suite.deployments('forced')).to.deep.equal(['forced-schema-blue', 'forced-storage-blue']);
  });

  it('a status that is lost is read from its records (T12), and whoever puts back what was rolled back from is named (T5)', async () => {
    const services = await begin('git');
    /** As Argo CD does, by server-side apply. */
    const sync = (spec: object) =>
      services.apply(spec, '--server-side', '--force-conflicts', '--field-manager=argocd-controller');
    await sync({ ...tags('1.1'), rollout });
    const before = await services.until('the second release serves', serves('1.1'));
    const uids = () =>
      suite.kubectl('get', 'deployments,pods', '-l', 'app=git', '-o', 'jsonpath={.items[*].metadata.uid}');
    await until('the pods of the first are gone', async () => (await uids()).split(' ').length === 4);
    const running = await uids();

    const lost = JSON.stringify([{ op: 'remove', path: '/status' }]);
    await suite.kubectl(
      'patch',
      'metadataservices',
      'git',
      '--subresource=status',
      '--type=json',
      '-p',
      lost,
    );
    const rebuilt = await services.until('read from its records', serves('1.1'));
    expect(versions(rebuilt)).to.deep.equal(versions(before));
    expect(rebuilt.status?.activeReleaseVersion).to.equal(before.status?.activeReleaseVersion);
    expect(await eventsOf('git')).to.contain(
      'The status was lost; 2 releases were read from their ControllerRevisions',
    );
    expect(await uids()).to.equal(running);

    const [first = ''] = versions(rebuilt);
    await services.annotate(`${rollbackTo}=${first}`);
    const back = await services.until('rolled back', (now) => serves('1.0')(now) && answered(now));
    await sync({ ...tags('1.1'), rollout });
    const stalled = ({ status }: MetadataServices) =>
      status?.conditions?.find(({ type }) => type === 'Stalled');
    const held = await services.until('it says so', (now) => stalled(now)?.reason === 'SpecConflict');
    expect(stalled(held)?.message).to.contain('argocd-controller put back into the spec');
    expect(versions(held)).to.deep.equal(versions(back));
    expect(serves('1.0')(held)).to.equal(true);
    expect(await suite.deployments('git')).to.have.length(2);
  });

  it('a release that is paused: its windows stand still, and go on with it', async () => {
    const services = await begin('paused');
    await services.patch({ spec: { ...tags('never-ready'), rollout: { readinessTimeout: '15s' } } });
    await services.until('deploying', (now) => now.status?.step === 'WaitingForReady');
    await services.patch({ spec: { paused: true } });
    await services.until('paused', (now) => now.status?.pausedAt !== undefined);
    await sleep(20_000);
    const waiting = await services.read();
    expect(waiting.status).to.include({ step: 'WaitingForReady' });
    expect(versions(waiting)).to.have.length(1);
    await services.patch({ spec: { paused: false } });
    await services.until('rolled back', (now) => isStable(now) && newest(now)?.status === 'Failed');
  });

  it('a configuration that is wrong is rolled back with the rest of what ran', async () => {
    const services = await begin('config');
    await services.patch({ spec: { config: { E6_BUCKET: 'invalid://path' } } });
    await services.until('rolled back', (now) => isStable(now) && newest(now)?.status === 'Failed');
    const [first = ''] = versions(await services.read());
    await services.annotate(`${rollbackTo}=${first}`);
    const { spec, status } = await services.until('spec is as before', answered);
    expect(spec.config).to.equal(undefined);
    expect(status?.activeReleaseVersion).to.equal(first);
  });

  it('one that breaks after the switch gives the traffic back', async () => {
    const services = await begin('breaks');
    await services.patch({
      spec: { ...tags('breaks'), config: { BREAKS_AFTER: '30000' }, rollout: { cleanupDelay: '120s' } },
    });
    await services.until('switched', (now) => now.status?.step === 'Watching');
    const { status } = await services.until(
      'given back',
      (now) => isStable(now) && newest(now)?.status === 'Failed',
    );
    expect(status?.activeStrategy).to.equal('blue');
    expect(status?.releaseHistory?.map((each) => each.status)).to.deep.equal(['Active', 'Failed']);
  });
});
