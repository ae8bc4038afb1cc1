import { expect } from 'chai';
import { until } from '../certs/recording-logger.ts';
import { shell } from '../support/shell.ts';
import { isStable, newest, serves, type ServicesHandle } from './services.ts';
import { releaseSuite, type ReleaseSuite } from './suite.ts';

const namespace = 'guide';
const rollout = { readinessTimeout: '90s', gracePeriod: '2s', cleanupDelay: '2s', failFast: true };
const tags = (tag: string) => ({ storage: { imageTag: tag }, schema: { imageTag: tag } });

/** The specification, page 003, section by section; what differs is on docs/metadataservices.md. */
describe("the rollback guide's commands, as they are written, on a real node", function () {
  let suite: ReleaseSuite;
  let sample1: ServicesHandle;

  before(async function () {
    suite = await releaseSuite(this, namespace);
    await suite.driver.start();
    sample1 = suite.handle('sample1');
    await sample1.apply({ ...tags('1.0'), rollout });
    await sample1.until('the first release', serves('1.0'));
    await sample1.patch({ spec: tags('1.1') });
    await sample1.until('the second release', serves('1.1'));
    // They go after their Deployments.
    await until(
      'the first release has no pods',
      async () => {
        const pods = await run('kubectl get pods -n <namespace> -l app=<name>,strategy=blue -o name');
        return pods.trim() === '';
      },
      60_000,
    );
  });

  after(() => suite?.stop());

  /** A command with its placeholders filled in. */
  const run = (command: string) =>
    shell(
      command
        .replaceAll('<name>', 'sample1')
        .replaceAll('<namespace>', namespace)
        .replaceAll('-n autoscalingv2', `-n ${namespace}`)
        .replaceAll('<strategy>', 'green'),
      suite.ground,
    );
  const get = (path: string) =>
    run(`kubectl get metadataservices <name> -n <namespace> -o jsonpath='{${path}}'`);

  it('list the available releases', async () => {
    const history = JSON.parse(
      await run(`kubectl get metadataservices <name> -n <namespace> -o jsonpath='{.status.releaseHistory}'`),
    ) as readonly Record<string, string>[];
    expect(history.map(({ status }) => status)).to.deep.equal(['Superseded', 'Active']);
    for (const each of history) {
      expect(each).to.include.all.keys(
        'version',
        'strategy',
        'storageTag',
        'schemaTag',
        'timestamp',
        'status',
      );
      expect(each['version']).to.match(/^v\d{8}-\d{6}-[0-9a-f]{7}$/);
    }
    expect((await get('.status.releaseHistory[*].version')).split(' ')).to.deep.equal(
      history.map(({ version }) => version),
    );
  });

  it('say how the pods are', async () => {
    const pods = await run('kubectl get pods -n <namespace> -l app=<name> -o name');
    expect(pods.trim().split('\n')).to.have.length(2);
    expect(await run('kubectl get pods -n <namespace> -l strategy=<strategy>')).to.contain(
      'sample1-storage-green',
    );
    expect(await run('kubectl get deployments -n <namespace> | grep <strategy>')).to.contain(
      'sample1-schema-green',
    );
    expect(await run('kubectl describe deployment <name>-storage-<strategy> -n <namespace>')).to.contain(
      '1.1',
    );
    expect(await run('kubectl get endpoints -n <namespace>')).to.match(/sample1-storage-green +[\d.]+:9005/);
    // The exception: one label key cannot hold both values.
    expect(await run('kubectl logs -n <namespace> -l app=<name>-storage --tail=100')).to.contain(
      'No resources',
    );
    await run('kubectl logs -n <namespace> -l app=<name>,component=storage --tail=100');
  });

  it('answer on the port of the guide, by the colored Service and the one of no color', async () => {
    const pod = (await run('kubectl get pods -n <namespace> -l app=<name>,component=schema -o name')).trim();
    for (const service of ['<name>-storage-<strategy>', '<name>-storage']) {
      const ask = `fetch('http://${service}:9005').then((answer) => answer.text()).then(console.log)`;
      expect(await run(`kubectl exec -n <namespace> ${pod} -- node -e "${ask}"`)).to.contain('"tag":"1.1"');
    }
  });

  it('ignore the annotation without its group', async () => {
    const [first = ''] = (await get('.status.releaseHistory[*].version')).split(' ');
    await run(`kubectl annotate metadataservices sample1 -n autoscalingv2 rollback-to=${first}`);
    await run('kubectl annotate metadataservices sample1 -n autoscalingv2 rollback-to-');
    expect(await get('.spec.storage.imageTag')).to.equal('1.1');
  });

  it('change a tag by kubectl edit, and watch it fail and roll back by itself', async () => {
    const watched = run(
      `timeout 30 kubectl get metadataservices <name> -n <namespace> -w -o jsonpath='{.status.deploymentPhase} ' || true`,
    );
    await run(
      `EDITOR="sed -i '/^ *storage:/,/imageTag/s/imageTag: .*/imageTag: crashes/'" kubectl edit metadataservices sample1 -n autoscalingv2`,
    );
    const { status } = await sample1.until(
      'rolled back',
      (now) => isStable(now) && newest(now)?.status === 'Failed',
    );
    expect(status?.activeStrategy).to.equal('green');
    expect(await watched).to.contain('Deploying');
    await until('the log has the lines of the guide', () =>
      [
        'Deployment Deploying: Waiting for pending strategy to be ready',
        'Pending strategy failed: CrashLoopBackOff',
        'Automatic rollback: Cleaning up failed deployment (blue)',
        'Rollback complete: Active strategy remains green',
      ].every((line) => suite.driver.log().includes(line)),
    );
  });

  it('put spec back by the one-liner of scenario 1', async () => {
    await run(`kubectl annotate metadataservices sample1 -n autoscalingv2 \\
      e6data.io/rollback-to=$(kubectl get metadataservices sample1 -n autoscalingv2 \\
      -o jsonpath='{.status.releaseHistory[-2].version}')`);
    await sample1.until('spec is as before', ({ spec }) => spec.storage.imageTag === '1.1');
    expect((await sample1.until('nothing more is done', isStable)).status?.activeStrategy).to.equal('green');
  });

  it('roll back to a release by hand, and say why', async () => {
    const [first = ''] = (await get('.status.releaseHistory[*].version')).split(' ');
    await run(`kubectl annotate metadataservices <name> -n <namespace> \\
      e6data.io/rollback-to=${first}`);
    await sample1.until('rolled back', serves('1.0'));
    expect(await get('.spec.storage.imageTag')).to.equal('1.0');
    expect(await get('.spec.schema.imageTag')).to.equal('1.0');
    expect(await get('.status.deploymentPhase')).to.equal('Stable');
    expect(
      await run('kubectl get metadataservices <name> -n <namespace> -o yaml | grep -A5 "activeStrategy"'),
    ).to.contain('activeStrategy: blue');
    await run(`kubectl annotate metadataservices <name> -n <namespace> \\
      e6data.io/rollback-reason="ImagePullBackOff on new schema image 1.0.999"`);
    await sample1.until('the reason is in the history', (now) => newest(now)?.rollbackReason !== undefined);
    const ACTIVE = await get('.status.activeReleaseVersion');
    await run(`kubectl annotate metadataservices sample1 -n autoscalingv2 e6data.io/rollback-to=${ACTIVE}`);
    const { status } = await sample1.until(
      'a no-op',
      (now) =>
        now.status?.rollback?.to === ACTIVE &&
        now.metadata.annotations?.['e6data.io/rollback-to'] === undefined,
    );
    expect(status?.activeReleaseVersion).to.equal(ACTIVE);
  });
});
