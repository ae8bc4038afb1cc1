import { expect } from 'chai';
import type { BlueGreenUpgrade } from '../../../../src/api/openbaocluster.ts';
import { awaitedRequest, awaitedRequests } from '../../../../src/core/upgrade/bluegreen/awaited.ts';
import { WatchedHalves } from './watched-halves.ts';

type Said = Pick<BlueGreenUpgrade, 'waitingFor' | 'waitingReason'>;

describe('status.blueGreen.waitingReason', () => {
  it('is there exactly while a person is waited for', () => {
    const blueGreen = { autoPromote: false, autoCleanup: false };
    const world = new WatchedHalves({ spec: { upgrade: { strategy: 'BlueGreen', blueGreen } } });
    const ask = (request: 'promote' | 'cleanup') =>
      world.spec({
        upgrade: { strategy: 'BlueGreen', blueGreen, requests: { [request]: `at ${world.now}` } },
      });
    const seen = new Set<string>();
    for (let turn = 0; turn < 500; turn++) {
      if (turn === 2) world.spec({ version: '2.5.6' });
      world.pass();
      world.tick();
      const { waitingFor, waitingReason }: Said = world.status.blueGreen ?? {};
      const isForPerson = waitingFor?.startsWith('spec.upgrade.requests.') === true;
      expect(waitingReason !== undefined, `${waitingFor}: ${waitingReason}`).to.equal(isForPerson);
      if (waitingReason !== undefined) seen.add(waitingReason);
      if (waitingReason === 'PromoteRequest') ask('promote');
      if (waitingReason === 'CleanupRequest') ask('cleanup');
    }
    expect([...seen]).to.deep.equal(['PromoteRequest', 'CleanupRequest']);
    expect(world.status.currentVersion).to.equal('2.5.6');
  });

  it('alone says which request is waited for: the words may change', () => {
    const { waitingFor } = awaitedRequests.promote;
    expect(awaitedRequest({ waitingFor })).to.equal(undefined);
    expect(awaitedRequest({ waitingFor: 'in other words', waitingReason: 'PromoteRequest' })).to.equal(
      'promote',
    );
  });
});
