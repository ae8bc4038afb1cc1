import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { cutPod } from '../cluster/cut.ts';
import { succeed } from '../support/gate.ts';
import { until } from '../openbao/local-cluster.ts';
import { isBackOn, runs } from './controller.ts';
import { inEach, phaseOf, storiesIn } from './stories.ts';
import { newer, older } from './suite.ts';

const namespace = 'halves';

describe('a blue-green upgrade survives', function () {
  const story = storiesIn(namespace);
  const { kubectl, names, nothingIsLost, request } = story;

  const begin = (name: string, blueGreen: object = {}) =>
    story.begin(name, { spec: { upgrade: { strategy: 'BlueGreen', blueGreen } } });
  const upgrade = () => story.cluster.patch({ spec: { version: newer } });
  const inPhase = (phase: string) =>
    story.cluster.until(phase, (now) => phaseOf(now) === phase || runs(newer)(now));
  const kill = (pod: string) => kubectl('delete', 'pod', pod, '--force', '--grace-period=0');

  /** It has ended on green's side, of which nothing but green's members is left. */
  async function endsOnGreen(): Promise<OpenBaoCluster> {
    const done = await story.cluster.until('upgraded', runs(newer), 400_000);
    expect(phaseOf(done)).to.equal('Idle');
    const servers = await names('pods', 'server');
    expect(servers).to.have.members([...(done.status?.raft?.voters ?? [])]);
    await nothingIsLost();
    return done;
  }

  it('a green member that is killed while it catches up, and one while votes move', async () => {
    await begin('green');
    await upgrade();
    for (const phase of ['JoiningMesh', 'Promoting']) {
      const { status } = await inPhase(phase);
      await kill(`green-${status?.blueGreen?.greenRevision}-1`);
    }
    await endsOnGreen();
  });

  it('a leader that is killed in each phase that moves votes or members', async () => {
    await begin('leader');
    await upgrade();
    const phases = ['Promoting', 'DemotingBlue', 'Cleanup'];
    await inEach(story, phases, { phase: phaseOf, isOver: runs(newer) }, ({ status }) =>
      kill(status?.activeLeader ?? ''),
    );
    await endsOnGreen();
  });

  it('a network that is cut between a green member and all others while votes move', async () => {
    await begin('cut');
    await upgrade();
    const { status } = await inPhase('Promoting');
    const heal = await cutPod(story.ground, namespace, `cut-${status?.blueGreen?.greenRevision}-2`);
    await sleep(8_000);
    await heal();
    await endsOnGreen();
  });

  it('a Job that is taken away while it moves votes', async () => {
    await begin('jobs');
    await upgrade();
    await inPhase('Promoting');
    const job = await until('a Job', async () =>
      (await names('jobs')).find((name) => name.includes('hand-over')),
    );
    await succeed(kubectl('delete', 'job', job, '--cascade=foreground'));
    await endsOnGreen();
  });

  it('a rollback that is asked for while votes move: their Job is stopped, and they go back', async () => {
    await begin('turn');
    await upgrade();
    await story.cluster.until('a green member votes', ({ status }) =>
      (status?.raft?.voters ?? []).some((id) => id.startsWith(`turn-${status?.blueGreen?.greenRevision}-`)),
    );
    await request('rollback');
    await story.cluster.until('back', isBackOn(older), 400_000);
    const jobs = await names('jobs');
    expect(jobs.filter((name) => name.includes('repair-consensus'))).to.have.length(1);
    expect(jobs.filter((name) => name.includes('hand-over'))).to.deep.equal([]);
    expect(await names('pods', 'server')).to.have.members(['turn-0', 'turn-1', 'turn-2']);
    await nothingIsLost();
  });
});
