import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { until } from '../certs/recording-logger.ts';
import { cutPod } from '../cluster/cut.ts';
import { crashingImage } from '../openbao/images.ts';
import { succeed } from '../support/gate.ts';
import { crashAtEachEffect } from './crashes.ts';
import { runs } from './controller.ts';
import { inEach, storiesIn } from './stories.ts';
import { newer, older } from './suite.ts';

const namespace = 'survives';
type Phase = NonNullable<NonNullable<OpenBaoCluster['status']>['upgrade']>['phase'];

describe('a rolling upgrade survives', function () {
  const story = storiesIn(namespace);
  const { kubectl } = story;

  before(async () => {
    await story.ground.loadImage(await crashingImage(`openbao/crashing:${newer}`, newer));
  });

  const begin = (name: string, deadlines = {}) => story.begin(name, { deadlines });
  const upgrade = () => story.cluster.patch({ spec: { version: newer } });
  const inPhase = (phase: Phase) =>
    story.cluster.until(phase ?? '', ({ status }) => status?.upgrade?.phase === phase);

  /** The upgrade is done, and every acknowledged write is there. */
  async function end(): Promise<void> {
    await story.cluster.until('upgraded', runs(newer), 300_000);
    await story.nothingIsLost();
  }

  /** After the fix, with the usual deadlines: the short ones were for what cannot work. */
  async function goOn(): Promise<void> {
    await story.driver.stop();
    await story.driver.start();
    await story.cluster.patch({ spec: { image: null } });
    await end();
  }

  it('a controller that is killed at each of its effects, before one and after the next', async () => {
    await begin('crash');
    await story.driver.stop();
    await upgrade();
    const crashes = await crashAtEachEffect(story, runs(newer));
    expect(crashes).to.be.above(8);
    await end();
  });

  it('a pod that is killed in each phase', async () => {
    await begin('kill');
    await upgrade();
    const phases = ['PreChecks', 'Replacing', 'CatchingUp', 'SteppingDown'];
    const seen = { phase: ({ status }: OpenBaoCluster) => status?.upgrade?.phase, isOver: runs(newer) };
    await inEach(story, phases, seen, () =>
      kubectl('delete', 'pod', `${story.cluster.name}-1`, '--force', '--grace-period=0'),
    );
    await end();
  });

  it('a follower that is cut off during the step-down', async () => {
    await begin('cut');
    await upgrade();
    await inPhase('SteppingDown');
    const heal = await cutPod(story.ground, namespace, `${story.cluster.name}-2`);
    await sleep(8_000);
    await heal();
    await end();
  });

  it('an API server that restarts in its middle', async () => {
    await begin('apiserver');
    await upgrade();
    await inPhase('Replacing');
    await story.ground.restartApiServer();
    await end();
  });

  it('an image that does not exist: nothing was touched, it holds and says why, and goes on after the fix', async () => {
    await begin('missing', { preChecks: 45 });
    await story.cluster.patch({ spec: { version: newer, image: `openbao/missing:${newer}` } });
    const { status } = await story.cluster.until('held', (now) => now.status?.lastErrorReason !== undefined);
    // Some networks refuse the pull at once, others let it hang.
    expect(status?.lastErrorMessage).to.contain(`openbao/missing:${newer}`);
    expect(status?.currentVersion).to.equal(older);
    const { stdout } = await succeed(
      kubectl('get', 'pods', '-l', 'openbao.org/component=server', '-o', 'json'),
    );
    const images = (
      JSON.parse(stdout) as { items: { spec: { containers: { image: string }[] } }[] }
    ).items.map(({ spec }) => spec.containers[0]?.image);
    expect(images).to.deep.equal(Array.from({ length: 3 }, () => `openbao/openbao:${older}`));
    await goOn();
  });

  it('an image that crashes: one pod is down and no more, it holds, and goes on after the fix', async () => {
    await begin('crashing', { replacing: 20 });
    await story.cluster.patch({ spec: { version: newer, image: `openbao/crashing:${newer}` } });
    const { status } = await story.cluster.until('held', (now) => now.status?.upgrade?.held === true);
    expect(status?.upgrade).to.include({ currentPartition: 2 });
    expect(status?.lastErrorMessage).to.contain(`${story.cluster.name}-2`);
    const before = story.writer.acknowledged();
    await until('writes go on', () => story.writer.acknowledged() > before + 20, 60_000);
    await goOn();
  });
});
