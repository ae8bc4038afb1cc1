import { expect } from 'chai';
import { WatchedHalves } from './watched-halves.ts';

/** Blue-green from 2.5.5 to 2.5.6, green in sync and soaking for a minute. */
function soaking(): WatchedHalves {
  const blueGreen = { verification: { minSyncDuration: '1m' } };
  const world = new WatchedHalves({ spec: { upgrade: { strategy: 'BlueGreen', blueGreen } } });
  go(world, 2);
  world.spec({ version: '2.5.6' });
  for (let turn = 0; turn < 2_000 && world.status.blueGreen?.syncedAt === undefined; turn++) go(world, 1);
  go(world, 20);
  expect(world.status.blueGreen?.phase).to.equal('Syncing');
  return world;
}

function go(world: WatchedHalves, turns: number): void {
  for (let turn = 0; turn < turns; turn++) {
    world.pass();
    world.tick();
  }
}

/** Between two looks: the member answers again, in the same pod, as if nothing had been. */
function restartInPlace(world: WatchedHalves, name: string): void {
  const pod = world.pods.get(name);
  if (pod === undefined) throw new Error(`there is no pod ${name}`);
  pod.restarts++;
}

describe('a member that starts anew in its pod while green soaks', () => {
  it('has to catch up with what the leader has now, and green soaks for the whole time anew', () => {
    const world = soaking();
    const { syncedAt = '', referenceIndex = 0 } = world.status.blueGreen ?? {};
    const [first = ''] = world.half('green');
    restartInPlace(world, first);
    go(world, 1);
    const { blueGreen } = world.status;
    expect(blueGreen?.referenceIndex).to.be.above(referenceIndex);
    expect(Date.parse(blueGreen?.syncedAt ?? '9999-01-01T00:00:00Z')).to.be.above(Date.parse(syncedAt));
    for (let turn = 0; turn < 30 && world.status.blueGreen?.syncedAt === undefined; turn++) go(world, 1);
    const again = Date.parse(world.status.blueGreen?.syncedAt ?? '');
    for (let turn = 0; turn < 300 && world.status.blueGreen?.phase === 'Syncing'; turn++) go(world, 1);
    const crossedAt = Date.parse(world.status.blueGreen?.crossedAt ?? '');
    expect(crossedAt - again).to.be.at.least(60_000);
  });

  it('changes nothing where it is of blue', () => {
    const world = soaking();
    const before = world.status.blueGreen;
    restartInPlace(world, 'prod-2');
    go(world, 1);
    expect(world.status.blueGreen?.syncedAt).to.equal(before?.syncedAt);
    expect(world.status.blueGreen?.referenceIndex).to.equal(before?.referenceIndex);
  });
});
