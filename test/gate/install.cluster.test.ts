import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { connect } from '../../src/io/kubernetes/kubernetes.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { rollguardImage } from '../cluster/images.ts';
import { askGate, cluster, succeed } from '../support/gate.ts';
import { rolloutStatus, untilReached } from '../support/install.ts';
import { documentedCommands } from '../support/documents.ts';
import { ownGround } from '../support/own-ground.ts';
import { shell } from '../support/shell.ts';
import { provideNamespace } from '../support/namespace.ts';

describe('the install, as the documents say it, on a real node', function () {
  let ground: Ground;

  before(async function () {
    ground = await ownGround(this, 'node');
    await ground.loadImage(await rollguardImage(() => {}));
  });

  const kubectl = (args: readonly string[], input?: object) =>
    ground.kubectl(args, {
      timeoutMs: 120_000,
      ...(input === undefined ? {} : { input: JSON.stringify(input) }),
    });
  const json = async (args: readonly string[]): Promise<any> =>
    JSON.parse((await succeed(kubectl([...args, '-o', 'json']))).stdout);
  const system = ['-n', 'rollguard-system'];
  const demo = ['-n', 'default'];
  const untilGone = async (args: readonly string[]) => {
    for (let attempt = 0; attempt < 150; attempt++) {
      if ((await kubectl(['get', ...args])).stderr.includes('NotFound')) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`still there: ${args.join(' ')}`);
  };
  const maintain = (enabled: boolean) => {
    const patch = JSON.stringify({ spec: { maintenance: { enabled } } });
    return succeed(kubectl([...demo, 'patch', 'bao', 'prod', '--type=merge', '-p', patch]));
  };
  const probe = () =>
    kubectl([...demo, 'create', '-f', '-', '--dry-run=server'], cluster('probe', { version: '1' }));
  const refuses = async () => expect((await probe()).stderr).to.contain('(InvalidVersion)');

  it('comes up by the commands of its page, word for word', async () => {
    const commands = (await documentedCommands('docs/install.md'))
      .filter(({ heading }) => !heading.endsWith('Helm'))
      .map(({ command }) => command);
    const uninstall = commands.filter((command) => command.startsWith('kubectl delete'));
    expect(uninstall).to.deep.equal(['kubectl delete -k manifests/base']);
    for (const command of commands.filter((each) => !uninstall.includes(each))) await shell(command, ground);
    await refuses();
  });

  it('runs two replicas, restricted, and needs nothing more than it may do', async () => {
    for (const [deployment, said] of [
      ['rollguard-webhook', '"msg":"serving"'],
      ['rollguard-controller', '"msg":"serving metrics and probes"'],
    ] as const) {
      await succeed(kubectl([...system, 'rollout', 'status', `deployment/${deployment}`, '--timeout=90s']));
      const label = `app.kubernetes.io/name=${deployment}`;
      const pods = (await json([...system, 'get', 'pods', '-l', label])).items;
      expect(pods).to.have.length(2);
      for (const pod of pods) {
        expect(pod.spec.containers[0].securityContext).to.include({ readOnlyRootFilesystem: true });
        const { stdout } = await succeed(kubectl([...system, 'logs', pod.metadata.name]));
        expect(stdout).to.contain(said).and.not.contain('"level":50');
      }
    }
  });

  it('has one controller that leads', async () => {
    const { spec } = await json([...system, 'get', 'lease', 'rollguard-controller']);
    expect(spec.holderIdentity).to.match(/^rollguard-controller-/);
  });

  it('keeps caBundle by its own field manager, and leaves the rest to whoever applies', async () => {
    for (const kind of ['validatingwebhookconfiguration', 'mutatingwebhookconfiguration']) {
      const { webhooks } = await json(['get', kind, 'rollguard']);
      for (const { clientConfig } of webhooks) expect(clientConfig.caBundle).to.be.a('string');
    }
    await succeed(kubectl(['apply', '--server-side', '-k', 'manifests/base']));
    await refuses();
  });

  it('guards pods of a real StatefulSet: deletion waits for maintenance, and then the pod really goes', async () => {
    // Paused, so that the controller makes nothing: the pods are stand-ins.
    const paused = cluster('prod', { version: '2.5.5', paused: true });
    await succeed(kubectl([...demo, 'apply', '-f', '-'], paused));
    await succeed(kubectl([...demo, 'apply', '-f', '-'], statefulSet('prod')));
    await succeed(kubectl([...demo, 'rollout', 'status', 'statefulset/prod', '--timeout=90s']));
    const refused = await kubectl([...demo, 'delete', 'pod', 'prod-1']);
    expect(refused.stderr).to.contain('(MaintenanceRequired)');
    const forced = await kubectl([...demo, 'delete', 'pod', 'prod-1', '--grace-period=0', '--force']);
    expect(forced.stderr).to.contain('(MaintenanceRequired)');

    await maintain(true);
    await succeed(kubectl([...demo, 'annotate', 'pod', 'prod-1', 'openbao.org/maintenance=true']));
    const { uid } = (await json([...demo, 'get', 'pod', 'prod-1'])).metadata;
    await succeed(kubectl([...demo, 'delete', 'pod', 'prod-1']));
    await succeed(kubectl([...demo, 'rollout', 'status', 'statefulset/prod', '--timeout=90s']));
    const next = (await json([...demo, 'get', 'pod', 'prod-1'])).metadata;
    expect(next.uid).not.to.equal(uid);
    // Created in maintenance, so it carries the annotation from its first moment.
    expect(next.annotations).to.include({ 'openbao.org/maintenance': 'true' });
    await maintain(false);
  });

  it('lets the StatefulSet controller roll and scale, and garbage collection take pods away', async () => {
    await succeed(kubectl([...demo, 'rollout', 'restart', 'statefulset/prod']));
    await succeed(kubectl([...demo, 'rollout', 'status', 'statefulset/prod', '--timeout=90s']));
    await succeed(kubectl([...demo, 'scale', 'statefulset/prod', '--replicas=1']));
    await untilGone([...demo, 'pod', 'prod-1']);
    await succeed(kubectl([...demo, 'delete', 'statefulset', 'prod']));
    await untilGone([...demo, 'pod', 'prod-0']);
  });

  it('lets a guarded namespace go with all that is in it', async () => {
    const doomed = ['-n', 'doomed'];
    await provideNamespace(ground, 'doomed');
    await succeed(kubectl(['label', 'namespace', 'doomed', 'rollguard.io/guarded=true']));
    const paused = cluster('prod', { version: '2.5.5', paused: true });
    await succeed(kubectl([...doomed, 'apply', '-f', '-'], paused));
    await succeed(kubectl([...doomed, 'apply', '-f', '-'], statefulSet('prod')));
    await succeed(kubectl([...doomed, 'rollout', 'status', 'statefulset/prod', '--timeout=90s']));
    await succeed(kubectl(['delete', 'namespace', 'doomed', '--timeout=90s']));
  });

  it('loses no request while all of its pods are replaced one after the other', async () => {
    const asking = new AbortController();
    const failures: string[] = [];
    let refusals = 0;
    const client = connect({ kubeconfig: ground.kubeconfig });
    const ask = async () => {
      while (!asking.signal.aborted) {
        const answer = await askGate(client);
        if (answer?.reason === 'InvalidVersion') refusals += 1;
        else failures.push(answer?.message ?? 'it was allowed');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const askers = [ask(), ask()];
    await succeed(kubectl([...system, 'rollout', 'restart', 'deployment/rollguard-webhook']));
    await succeed(kubectl(rolloutStatus));
    asking.abort();
    await Promise.all(askers);
    await client.close();
    expect(failures).to.deep.equal([]);
    expect(refusals).to.be.above(50);
  });

  it('comes back by itself when all of its pods are deleted at once, and when the API server restarts', async () => {
    await succeed(kubectl([...system, 'delete', 'pods', '--all', '--wait=false']));
    await succeed(kubectl(rolloutStatus));
    await untilReached(ground);
    await ground.restartApiServer();
    await untilReached(ground);
  });

  it('makes a new certificate when its Secret is deleted, and is reached again', async () => {
    await succeed(kubectl([...system, 'delete', 'secret', 'rollguard-webhook-tls']));
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await kubectl([...system, 'get', 'secret', 'rollguard-webhook-tls'])).code === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await untilReached(ground);
  });

  it('is off at once by the off-switch, and is not put back by itself', async () => {
    const [off] = (await documentedCommands('README.md')).filter(
      ({ heading }) => heading === 'The off-switch',
    );
    await shell(off?.command ?? '', ground);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await succeed(probe());
    expect((await kubectl(['get', 'validatingwebhookconfiguration', 'rollguard'])).stderr).to.contain(
      'NotFound',
    );
    await succeed(kubectl(['apply', '--server-side', '-k', 'manifests/base']));
    await untilReached(ground);
  });

  it('has its configurations collected with its namespace', async () => {
    await succeed(kubectl(['delete', 'namespace', 'rollguard-system', '--timeout=90s']));
    await untilGone(['validatingwebhookconfiguration', 'rollguard']);
    await untilGone(['mutatingwebhookconfiguration', 'rollguard']);
    await succeed(kubectl(['apply', '--server-side', '-k', 'manifests/base']));
    await succeed(kubectl(rolloutStatus));
    await untilReached(ground);
  });

  it('turns denials into warnings by the overlay warn, and by the label of a namespace', async () => {
    await provideNamespace(ground, 'soft');
    await succeed(kubectl(['label', 'namespace', 'soft', 'rollguard.io/enforce=warn']));
    const soft = await succeed(
      kubectl(['-n', 'soft', 'create', '-f', '-'], cluster('soft', { version: '1' })),
    );
    expect(soft.stderr).to.contain('Warning:').and.contain('InvalidVersion');
    await refuses();
    await succeed(kubectl(['apply', '--server-side', '-k', 'manifests/overlays/warn']));
    await succeed(kubectl(rolloutStatus));
    // The pods of before answer on the connections they have until they are gone.
    let warned = await probe();
    for (let attempt = 0; attempt < 100 && warned.code !== 0; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      warned = await probe();
    }
    expect(warned.code, warned.stderr).to.equal(0);
    expect(warned.stderr).to.contain('Warning:').and.contain('InvalidVersion');
  });

  it('is taken away by kubectl delete -k, and nothing of it blocks anything afterwards', async () => {
    await shell('kubectl delete -k manifests/base', ground);
    const left = await kubectl([
      'get',
      'ns,crd,clusterrole,clusterrolebinding,validatingwebhookconfiguration,mutatingwebhookconfiguration',
      '-o',
      'name',
    ]);
    // rollguard.test is the ground's own, and openbao-model that of the suites that drive clusters.
    expect(left.stdout).not.to.match(/rollguard(?!\.test)|openbao(?!-model)/);
    await succeed(kubectl([...demo, 'create', '-f', '-'], { ...statefulSet('free') }));
    await succeed(kubectl([...demo, 'rollout', 'status', 'statefulset/free', '--timeout=90s']));
    await succeed(kubectl([...demo, 'delete', 'pod', 'free-0']));
    await succeed(kubectl([...demo, 'delete', 'statefulset', 'free']));
  });

  it('installs as the gate alone beside another owner of the kinds, and takes no CRD over nor away', async () => {
    const crd = 'manifests/crds/openbaoclusters.yaml';
    await succeed(kubectl(['apply', '--server-side', '--field-manager=another-operator', '-f', crd]));
    await succeed(kubectl(['apply', '--server-side', '-k', 'manifests/overlays/gate-only']));
    await succeed(kubectl(rolloutStatus));
    await untilReached(ground);
    await succeed(kubectl(['delete', '-k', 'manifests/overlays/gate-only']));
    await succeed(kubectl(['get', 'crd', 'openbaoclusters.openbao.org']));
    await succeed(kubectl(['delete', '-f', crd]));
  });

  it('renders the overlay cert-manager without anything of ours that writes certificates', async () => {
    const { stdout } = await succeed(kubectl(['kustomize', 'manifests/overlays/cert-manager']));
    const objects: any[] = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(objects.map(({ kind }) => kind)).to.include.members(['Certificate', 'Issuer']);
    const roles = objects.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.name);
    // It is the webhook's that writes certificates.
    expect(roles.filter((name) => !name.startsWith('rollguard-controller'))).to.deep.equal([]);
    const gate = objects.find(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'rollguard-webhook',
    );
    expect(gate.rules.flatMap((rule: any) => rule.apiGroups)).not.to.include('admissionregistration.k8s.io');
    const deployment = objects.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'rollguard-webhook',
    );
    expect(deployment.spec.template.spec.containers[0].args).to.include('--tls-dir=/tls');
    for (const each of objects.filter(({ kind }) => kind.endsWith('WebhookConfiguration'))) {
      expect(each.metadata.annotations).to.deep.equal({
        'cert-manager.io/inject-ca-from': 'rollguard-system/rollguard-webhook',
      });
    }
  });
});

function statefulSet(name: string): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      serviceName: name,
      replicas: 2,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, 'openbao.org/cluster': name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'stand-in',
              image: 'rollguard:dev',
              imagePullPolicy: 'Never',
              command: [
                '/usr/local/bin/node',
                '-e',
                'process.on("SIGTERM", process.exit); setInterval(() => {}, 1e6)',
              ],
            },
          ],
        },
      },
    },
  };
}
