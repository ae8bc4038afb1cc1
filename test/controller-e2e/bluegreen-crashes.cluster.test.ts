import { expect } from 'chai';
import { crashAtEachEffect } from './crashes.ts';
import { isBackOn, runs } from './controller.ts';
import { phaseOf, storiesIn } from './stories.ts';
import { newer, older } from './suite.ts';

/** Beside bluegreen-survives: these two take as long as all others of it together. */
describe('a blue-green upgrade survives', function () {
  const story = storiesIn('crashes');
  const { names, nothingIsLost, request } = story;

  const begin = (name: string, blueGreen: object = {}) =>
    story.begin(name, { spec: { upgrade: { strategy: 'BlueGreen', blueGreen } } });
  const upgrade = () => story.cluster.patch({ spec: { version: newer } });

  it('a controller that is killed at each of its effects, before one and after the next', async () => {
    await begin('crash');
    await story.driver.stop();
    await upgrade();
    const crashes = await crashAtEachEffect(story, runs(newer));
    expect(crashes).to.be.above(12);
    const done = await story.cluster.until('upgraded', runs(newer), 400_000);
    expect(phaseOf(done)).to.equal('Idle');
    expect(await names('pods', 'server')).to.have.members([...(done.status?.raft?.voters ?? [])]);
    await nothingIsLost();
  });

  it('a controller that is killed at each of its effects on the late way back', async () => {
    await begin('return', { autoCleanup: false });
    await upgrade();
    await story.cluster.until('green leads', ({ status }) => status?.blueGreen?.leadsSince !== undefined);
    await story.driver.stop();
    await request('rollback');
    const crashes = await crashAtEachEffect(story, isBackOn(older));
    expect(crashes).to.be.above(5);
    const back = await story.cluster.read();
    expect(back.status?.raft?.voters).to.deep.equal(['return-0', 'return-1', 'return-2']);
    expect(await names('pods', 'server')).to.have.members(['return-0', 'return-1', 'return-2']);
    await nothingIsLost();
  });
});
