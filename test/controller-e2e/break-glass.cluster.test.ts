import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { crashingImage } from '../openbao/images.ts';
import { condition } from './controller.ts';
import { shellOn, type Said } from './shell.ts';
import { phaseOf, storiesIn } from './stories.ts';
import { newer, older } from './suite.ts';

const namespace = 'incidents';
/** Of the Jobs that carry out the steps: one whose container ends with an error at once. */
const brokenExecutor = 'rollguard/executor:broken';

describe('break glass, by the commands of the runbooks (specification, pages 000 and 001)', function () {
  const story = storiesIn(namespace);
  const { request, nothingIsLost } = story;
  let shell: (command: string) => Promise<Said>;

  before(async () => {
    shell = await shellOn(story.ground);
    await story.ground.loadImage(await crashingImage(brokenExecutor, '0.0.0'));
  });

  const hasJq = spawnSync('jq', ['--version']).status === 0;

  /** A command of a runbook as it is written there, with what stands in angle brackets filled in. */
  async function run(command: string, values: Readonly<Record<string, string>> = {}): Promise<string> {
    const all: Readonly<Record<string, string>> = { name: story.cluster.name, namespace, ...values };
    const filled = Object.entries(all).reduce(
      (so, [placeholder, value]) => so.replaceAll(`<${placeholder}>`, value),
      // jq only lays the output out.
      hasJq ? command : command.replace(/ \| jq$/m, ''),
    );
    const { code, stdout, stderr } = await shell(filled);
    expect(code, `${filled}\n${stderr}`).to.equal(0);
    return stdout;
  }

  const breakGlass = `kubectl get openbaocluster <name> -n <namespace> -o jsonpath='{.status.breakGlass}' | jq`;
  const phaseAndJob = `kubectl get openbaocluster <name> -n <namespace> \\
-o jsonpath='{.status.blueGreen.phase}{"\\n"}{.status.blueGreen.lastJobFailure}{"\\n"}'`;
  const lastJobFailure = `kubectl get openbaocluster <name> -n <namespace> \\
-o jsonpath='{.status.blueGreen.lastJobFailure}{"\\n"}'`;
  const conditions = `kubectl get openbaocluster <name> -n <namespace> \\
-o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}{"\\n"}{end}'`;
  const jobs = `kubectl get jobs -n <namespace> -l openbao.org/cluster=<name>`;
  const logs = `kubectl logs -n <namespace> job/<job-from-status>`;
  const pods = `kubectl get pods -n <namespace> -l openbao.org/cluster=<name> -o wide`;
  const acknowledge = `kubectl patch openbaocluster <name> -n <namespace> --type merge -p '{
"spec": {
"breakGlassAck": "<NONCE_FROM_STATUS>"
}
}'`;
  const pause = `kubectl patch openbaocluster <name> -n <namespace> --type merge -p '{
"spec": {
"paused": true
}
}'`;
  const resume = `kubectl patch openbaocluster <name> -n <namespace> --type merge -p '{
"spec": {
"paused": false,
"breakGlassAck": "<NONCE_FROM_STATUS>"
}
}'`;

  const isActive = ({ status }: OpenBaoCluster) => status?.breakGlass?.active === true;
  const executor = (image: string | null) =>
    story.cluster.patch({ spec: { upgrade: { executorImage: image } } });

  async function begin(name: string, blueGreen: object): Promise<void> {
    await story.begin(name, { spec: { upgrade: { strategy: 'BlueGreen', blueGreen } } });
    await story.cluster.patch({ spec: { version: newer } });
  }

  /** What the runbooks look at; gives the nonce. */
  async function inspect(reason: string, inPhase: string): Promise<string> {
    const incident = JSON.parse(await run(breakGlass)) as {
      active: boolean;
      reason: string;
      message: string;
      nonce: string;
      steps: string[];
    };
    expect(incident).to.include({ active: true, reason });
    expect(incident.nonce).to.match(/^[0-9a-f]{32}$/);
    expect(incident.steps.at(-1)).to.contain(incident.nonce);
    const [seenPhase, job = ''] = (await run(phaseAndJob)).split('\n');
    expect(seenPhase).to.equal(inPhase);
    expect((await run(lastJobFailure)).trim()).to.equal(job);
    expect(incident.message).to.contain('manual intervention required');
    expect(await run(conditions))
      .to.contain(`BreakGlass=True ${reason}`)
      .and.contain('Degraded=True');
    expect(await run(jobs)).to.contain(job);
    expect(await run(logs, { 'job-from-status': job })).not.to.equal('');
    expect(await run(pods)).to.contain(`${story.cluster.name}-0`);
    return incident.nonce;
  }

  it('a consensus repair that fails: looked at, acknowledged too early, paused, resumed with the new nonce', async () => {
    await begin('repair', { autoCleanup: false });
    await story.cluster.until(
      'green leads',
      ({ status }) => status?.blueGreen?.leadsSince !== undefined,
      240_000,
    );
    await executor(brokenExecutor);
    await request('rollback');
    await story.cluster.until('break glass', isActive, 120_000);
    const nonce = await inspect('RollbackConsensusRepairFailed', 'RollingBack');
    // Both halves go on serving, and nothing moves by itself.
    const written = story.writer.acknowledged();
    const failed = (await story.cluster.read()).status?.blueGreen?.lastJobFailure;
    await run(acknowledge, { NONCE_FROM_STATUS: nonce });
    const second = await story.cluster.until(
      'a new incident',
      ({ status }) => status?.breakGlass?.active === true && status.breakGlass.nonce !== nonce,
      120_000,
    );
    expect(second.status?.blueGreen?.lastJobFailure).not.to.equal(failed);
    expect(second.status?.breakGlass?.history?.map((each) => each.nonce)).to.deep.equal([nonce]);
    expect(story.writer.acknowledged()).to.be.above(written);
    const again = await inspect('RollbackConsensusRepairFailed', 'RollingBack');
    await run(pause);
    await executor(null);
    expect(condition('BreakGlass')(await story.cluster.read())).to.equal('True');
    await run(resume, { NONCE_FROM_STATUS: again });
    const back = await story.cluster.until('back', (now) => phaseOf(now) === 'Idle', 240_000);
    expect(back.status).to.include({ currentVersion: older });
    expect(back.status?.raft?.voters).to.deep.equal(['repair-0', 'repair-1', 'repair-2']);
    expect(condition('BreakGlass')(back)).to.equal('False');
    expect(await run(jobs)).to.contain(failed);
    await nothingIsLost();
  });

  it('a removal of green that fails: acknowledged once it can succeed', async () => {
    await begin('removal', { autoPromote: false });
    await story.cluster.until('in sync', ({ status }) => status?.blueGreen?.syncedAt !== undefined, 180_000);
    await executor(brokenExecutor);
    await request('rollback');
    await story.cluster.until('break glass', isActive, 120_000);
    const nonce = await inspect('RollbackCleanupPeerRemovalFailed', 'RollbackCleanup');
    await executor(null);
    await run(acknowledge, { NONCE_FROM_STATUS: nonce });
    const back = await story.cluster.until('back', (now) => phaseOf(now) === 'Idle', 180_000);
    expect(back.status?.raft?.voters).to.deep.equal(['removal-0', 'removal-1', 'removal-2']);
    await nothingIsLost();
  });
});
