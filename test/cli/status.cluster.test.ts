import { expect } from 'chai';
import type { Ground } from '../cluster/test-cluster.ts';
import { untilEstablished } from '../support/crds.ts';
import { kubectlIn, succeed } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { runStatusForReal } from './status-run.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

describe('rollguard status', () => {
  describe('against a real API server', function () {
    const namespace = 'status-real';
    let ground: Ground;
    let reader: string;
    const kubectl = kubectlIn(() => ground, namespace);
    const cluster = {
      apiVersion: 'openbao.org/v1alpha1',
      kind: 'OpenBaoCluster',
      metadata: { name: 'prod', namespace },
      spec: { version: '2.5.5' },
    };
    const write = (status: object) =>
      succeed(
        kubectl([
          'patch',
          'bao',
          'prod',
          '--subresource=status',
          '--type=merge',
          '-p',
          JSON.stringify({ status }),
        ]),
      );
    const status = (words = '', kubeconfig = reader, meanwhile?: () => Promise<unknown>) =>
      runStatusForReal(`rollguard status prod --kubeconfig ${kubeconfig} ${words}`.trim(), meanwhile);

    before(async function () {
      ground = await ownGround(this, 'control-plane');
      const crd = 'manifests/crds/openbaoclusters.yaml';
      await succeed(ground.kubectl(['apply', '--server-side', '-f', crd]));
      await untilEstablished(ground, 'openbaoclusters.openbao.org');
      await provideNamespace(ground, namespace);
      await succeed(kubectl(['create', '-f', '-'], cluster));
      // As a controller that has seen what is asked for; what the CRD says by default is that none has.
      await write({
        observedGeneration: 1,
        phase: 'Running',
        currentVersion: '2.5.5',
        readyReplicas: 3,
        activeLeader: 'prod-0',
      });
      reader = await ground.kubeconfigFor('reader', ['readers']);
      await succeed(
        kubectl(['create', 'role', 'status', '--verb=get', '--resource=openbaoclusters.openbao.org']),
      );
      await succeed(kubectl(['create', 'rolebinding', 'reader', '--role=status', '--user=reader']));
    });

    after(async () => {
      if (ground) await removeNamespace(ground, namespace);
    });

    it('needs only the right to get openbaoclusters', async () => {
      const { code, stdout, stderr } = await status(`-n ${namespace}`);
      expect(stderr).to.equal('');
      expect(code).to.equal(0);
      expect(stdout).to.contain(`✓ ${namespace}/prod  Running 2.5.5`);
      expect(stdout).to.contain('! pods as the status knows them: you are not permitted to list pods here');
    });

    it('takes the namespace of the kubeconfig where none is named, and says what right is missing', async () => {
      const { code, stdout, stderr } = await status();
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.contain('namespaces/default/openbaoclusters/prod: 403 Forbidden');
      expect(stderr).to.contain('you need the right to get openbaoclusters in that namespace');
    });

    it('watches until the upgrade is done', async () => {
      const upgrade = {
        fromVersion: '2.5.5',
        targetVersion: '2.5.6',
        phase: 'Replacing',
        currentPartition: 2,
      };
      await write({ phase: 'Upgrading', upgrade });
      const steps = [
        { upgrade: { phase: 'Finalizing', completedPods: [2, 1, 0] } },
        { phase: 'Running', upgrade: null },
      ];
      const { code, stdout } = await status(`-n ${namespace} --watch`, reader, () =>
        write(steps.shift() ?? {}),
      );
      expect(code).to.equal(0);
      expect(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.replace(/^.*\/prod {2}/, '')),
      ).to.deep.equal([
        'Upgrading 2.5.5 → 2.5.6  pods 0/3  Replacing prod-2  leader prod-0',
        'Upgrading 2.5.5 → 2.5.6  pods 3/3  Finalizing  leader prod-0',
        'Running 2.5.5  ready 3/3  leader prod-0',
      ]);
    });

    it('prints a retry that the API server takes', async () => {
      await write({
        phase: 'Failed',
        lastErrorReason: 'PodNotReady',
        upgrade: {
          fromVersion: '2.5.5',
          targetVersion: '2.5.6',
          phase: 'Replacing',
          held: true,
          targetStarted: true,
        },
      });
      const held = await status(`-n ${namespace}`, ground.kubeconfig);
      expect(held.code).to.equal(1);
      const command = /kubectl --kubeconfig \S+ (patch .*)$/m.exec(held.stdout)?.[1] ?? '';
      const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
      await succeed(ground.kubectl(words));
      await write({ observedGeneration: 2 });
      expect((await status(`-n ${namespace}`)).stdout).to.contain('for the controller to handle the retry');
    });

    it('is what kubectl get shows in short', async () => {
      const { stdout } = await succeed(kubectl(['get', 'bao', 'prod']));
      const [header = '', row = ''] = stdout.split('\n');
      const columns = ['NAME', 'VERSION', 'CURRENT', 'TARGET', 'PHASE', 'STEP', 'LEADER', 'READY', 'AGE'];
      expect(header.split(/\s+/)).to.deep.equal(columns);
      expect(row).to.match(/^prod +2\.5\.5 +2\.5\.5 +2\.5\.6 +Failed +Replacing +prod-0 +3 +\d+s$/);
    });

    it('is what kubectl get shows of a blue-green upgrade, and nothing of one that is over', async () => {
      const row = async () => (await succeed(kubectl(['get', 'bao', 'prod']))).stdout.split('\n')[1];
      const blueGreen = { phase: 'Promoting', greenVersion: '2.5.6', held: true };
      await write({ phase: 'Upgrading', upgrade: null, blueGreen });
      expect(await row()).to.match(
        /^prod +2\.5\.5 +2\.5\.5 +2\.5\.6 +Upgrading +Promoting +prod-0 +3 +\d+s$/,
      );
      const { stdout: wide } = await succeed(kubectl(['get', 'bao', 'prod', '-o', 'wide']));
      expect(wide.split('\n')[1]).to.match(/ true +PodNotReady/);
      await write({ phase: 'Running', blueGreen: { phase: 'Idle', greenVersion: null, held: null } });
      expect(await row()).to.match(/^prod +2\.5\.5 +2\.5\.5 +Running +Idle +prod-0 +3 +\d+s$/);
    });
  });
});
