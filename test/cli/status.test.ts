import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import type { Ground } from '../cluster/test-cluster.ts';
import { packageRoot } from '../cluster/package-root.ts';
import { untilEstablished } from '../support/crds.ts';
import { kubectlIn, succeed } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { runStatus, runStatusForReal } from './status-run.ts';
import { inFolder, readTranscript, replay, type Outcome } from './transcript.ts';

const folder = join(packageRoot, 'test/testdata/status');
const stories = readdirSync(folder).map((name) => {
  const path = join(folder, name);
  return { name, path, transcript: readTranscript(path) };
});

describe('rollguard status', () => {
  describe('stories (UPDATE_TESTDATA=1 rewrites them)', () => {
    for (const { name, path, transcript } of stories) {
      it(name, async () => {
        const now = await replay(transcript, runStatus);
        if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(path, now);
        else expect(now).to.equal(transcript.text);
      });
    }

    it('have every state among them', async () => {
      const states = new Set<string>();
      await eachShown(async (line) => {
        const { stdout } = await runStatus(`${line} -o json`);
        if (stdout !== '') states.add((JSON.parse(stdout) as { state: string }).state);
      });
      expect([...states].toSorted()).to.deep.equal([
        'awaiting',
        'degraded',
        'deleting',
        'held',
        'paused',
        'progressing',
        'settled',
      ]);
    });
  });

  it('ends with the same code as text and as JSON, 1 exactly when a person must act', async () => {
    await eachShown(async (line, name) => {
      const [asText, asJson] = [await runStatus(line), await runStatus(`${line} -o json`)];
      expect(asJson.code, name).to.equal(asText.code);
      if (asJson.code === 2) return expect(asJson.stdout, name).to.equal('');
      const view = JSON.parse(asJson.stdout) as {
        state: string;
        down: boolean;
        next: { needed: boolean; command?: string }[];
      };
      expect(asText.code === 1, name).to.equal(
        view.state === 'held' || view.state === 'awaiting' || view.down,
      );
      // Whoever is told to act is told how.
      if (asText.code === 1) expect(view.next[0], name).to.include({ needed: true });
      for (const { command } of view.next)
        if (command !== undefined) expect(asText.stdout).to.contain(command);
      return undefined;
    });
  });

  it('says the same in colours as without', async () => {
    await eachShown(async (line, name) => {
      const [plain, coloured] = [await runStatus(line), await runStatus(line, { colour: true })];
      expect(stripVTControlCharacters(coloured.stdout), name).to.equal(plain.stdout);
    });
  });

  it('watches on a terminal until what comes later is done, though nothing is under way at first', async () => {
    const watched = await onTerminal(['running.txt', 'upgrading.txt', 'running.txt']);
    expect(watched.code).to.equal(0);
    const frames = watched.stdout.replaceAll('\u001B[', '⎋').split(/⎋\d+A⎋0J/);
    expect(frames.map((frame) => frame.split('\n')[0])).to.deep.equal([
      '✓ bao/prod  Running 2.5.5',
      '◌ bao/prod  Upgrading 2.4.4 → 2.5.5  for 51s',
      '✓ bao/prod  Running 2.5.5',
    ]);
  });

  it('says in its help what the exit codes mean', async () => {
    const { code, stdout } = await runStatus('rollguard status --help');
    expect(code).to.equal(0);
    expect(stdout).to.match(/Exit codes: 0 .*, 1 .*\n2 /);
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(100);
  });

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
      await untilEstablished(ground, '-f', crd);
      await succeed(ground.kubectl(['create', 'namespace', namespace]));
      await succeed(kubectl(['create', '-f', '-'], cluster));
      await write({ phase: 'Running', currentVersion: '2.5.5', readyReplicas: 3, activeLeader: 'prod-0' });
      reader = await ground.kubeconfigFor('reader', ['readers']);
      await succeed(
        kubectl(['create', 'role', 'status', '--verb=get', '--resource=openbaoclusters.openbao.org']),
      );
      await succeed(kubectl(['create', 'rolebinding', 'reader', '--role=status', '--user=reader']));
    });

    after(async () => {
      await ground?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    });

    it('needs only the right to get openbaoclusters', async () => {
      const { code, stdout, stderr } = await status(`-n ${namespace}`);
      expect(stderr).to.equal('');
      expect(code).to.equal(0);
      expect(stdout).to.contain(`✓ ${namespace}/prod  Running 2.5.5`);
      expect(stdout).to.contain('! pods as the status knows them: you may not list pods here');
    });

    it('takes the namespace of the kubeconfig where none is named, and says what right is missing', async () => {
      const { code, stdout, stderr } = await status();
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.contain('namespaces/default/openbaoclusters/prod: 403 Forbidden');
      expect(stderr).to.contain('it takes the right to get openbaoclusters in that namespace');
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
      expect((await status(`-n ${namespace}`)).stdout).to.contain('for the controller to take up the retry');
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

/** Each command of the stories that shows a cluster once, in the folder of its story. */
async function eachShown(action: (line: string, story: string) => Promise<unknown>): Promise<void> {
  for (const { name, transcript } of stories) {
    await inFolder(transcript.files, async () => {
      const commands = transcript.steps.filter(({ kind }) => kind === 'command').map(({ line }) => line);
      for (const line of commands) {
        if (/^rollguard status prod(?! .*(--watch|-o ))/.test(line)) await action(line, name);
      }
    });
  }
}

/** Watches on a terminal what the first files of these stories say, one after another. */
async function onTerminal(names: readonly string[]): Promise<Outcome> {
  const files = names.map((name, index): readonly [string, string | Buffer] => [
    `${index + 1}.yaml`,
    stories.find((story) => story.name === name)?.transcript.files.get('1.yaml') ?? '',
  ]);
  return inFolder(new Map(files), () =>
    runStatus('rollguard status prod -n bao --watch', { terminal: { columns: 120, rows: 50 } }),
  );
}
