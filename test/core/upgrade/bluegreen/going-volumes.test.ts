import { expect } from 'chai';
import { activeBlueGreen } from '../../../../src/core/model/blue-green.ts';
import { formerVolume } from '../../../../src/core/model/data-door.ts';
import type { Effect } from '../../../../src/core/model/decision.ts';
import { known, unknown } from '../../../../src/core/model/known.ts';
import { claim, observation, raftOf } from '../../../support/observation.ts';
import { WatchedHalves } from './watched-halves.ts';

type Side = 'blue' | 'green';

const otherOf = (side: Side): Side => (side === 'blue' ? 'green' : 'blue');

/** Of this half: its StatefulSet, its pods and volumes, or its peers. */
const takes = (effect: Effect, world: WatchedHalves, side: Side): boolean => {
  const pods = world.half(side);
  const set = pods[0]?.replace(/-\d+$/, '');
  if (effect.kind === 'create') return (effect.object.metadata?.name ?? '').includes(`remove-${side}-peers`);
  if (effect.kind !== 'delete' || effect.target.kind === 'Job') return false;
  const { name } = effect.target;
  return name === set || pods.some((pod) => name === pod || name === `data-${pod}`);
};

function upgrading(target: string, deletionPolicy: 'Retain' | 'DeletePVCs'): WatchedHalves {
  const world = new WatchedHalves({
    spec: { upgrade: { strategy: 'BlueGreen' }, deletionPolicy },
  });
  for (let turn = 0; turn < 2; turn++) step(world);
  world.target = target;
  world.spec({ version: target });
  return world;
}

function step(world: WatchedHalves): void {
  world.pass();
  world.tick(1_000);
}

const phaseOf = (world: WatchedHalves) => activeBlueGreen(world.status)?.phase;

function rollBack(world: WatchedHalves): void {
  const { upgrade } = world.cluster.spec;
  world.spec({
    upgrade: {
      ...upgrade,
      requests: { ...upgrade?.requests, rollback: 'now' },
    },
  });
}

/** Ways through all phases, and which half stays at the end of each. */
const ways = [
  {
    target: '2.5.6',
    deletionPolicy: 'DeletePVCs',
    turns: undefined,
    staying: 'green',
  },
  {
    target: '2.6.2',
    deletionPolicy: 'Retain',
    turns: undefined,
    staying: 'green',
  },
  {
    target: '2.5.6',
    deletionPolicy: 'Retain',
    turns: 'DemotingBlue',
    staying: 'blue',
  },
  {
    target: '2.6.2',
    deletionPolicy: 'Retain',
    turns: 'UpgradingGreen',
    staying: 'blue',
  },
] as const;

describe('while the volume of a member that stays is being deleted (L3), no effect of a blue-green upgrade', () => {
  for (const { target, deletionPolicy, turns, staying } of ways) {
    const way = turns === undefined ? 'forward' : `back from ${turns}`;
    it(`takes anything of the other half, in any phase, to ${target} ${way}, ${deletionPolicy}`, () => {
      const seen = new Set<string>();
      const taken = new Set<string>();
      const world = upgrading(target, deletionPolicy);
      let isAsked = false;
      for (let turn = 0; turn < 400; turn++) {
        const phase = phaseOf(world);
        if (turn > 5 && phase === undefined && world.status.upgrade === undefined) break;
        if (phase !== undefined) {
          seen.add(phase);
          const without = world.decide();
          for (const [ordinal, pod] of world.half(staying).entries()) {
            const volume = world.volumes.get(pod);
            if (volume === undefined) continue;
            volume.isGoing = true;
            const { effects } = world.decide();
            volume.isGoing = false;
            const wrong = effects.filter((effect) => takes(effect, world, otherOf(staying)));
            expect(wrong, `${phase}, data-${pod} (${ordinal}) going`).to.deep.equal([]);
          }
          for (const effect of without.effects)
            if (takes(effect, world, otherOf(staying)))
              taken.add(effect.kind === 'delete' ? effect.target.kind : 'peers');
        }
        step(world);
        if (!isAsked && turns !== undefined && phaseOf(world) === turns) {
          isAsked = true;
          rollBack(world);
        }
      }
      expect(phaseOf(world)).to.equal(undefined);
      // Where nothing is going, it does all of this.
      const all = [
        'StatefulSet',
        'peers',
        ...(staying === 'green' && deletionPolicy === 'Retain' ? [] : ['PersistentVolumeClaim']),
      ];
      expect([...taken]).to.include.members(all);
      expect([...seen]).to.include(staying === 'green' ? 'Cleanup' : 'RollbackCleanup');
    });
  }

  it('waits in Cleanup and in RollbackCleanup for as long as it takes, says so, and goes on after it', () => {
    for (const { target, deletionPolicy, turns, staying } of [ways[0], ways[2]]) {
      const last = staying === 'green' ? 'Cleanup' : 'RollbackCleanup';
      const world = upgrading(target, deletionPolicy);
      let isAsked = false;
      for (let turn = 0; turn < 400 && phaseOf(world) !== last; turn++) {
        step(world);
        if (isAsked || turns === undefined || phaseOf(world) !== turns) continue;
        isAsked = true;
        rollBack(world);
      }
      const [first = ''] = world.half(staying);
      const volume = world.volumes.get(first);
      if (volume === undefined) throw new Error(`no volume of ${first}`);
      volume.isGoing = true;
      const sets = world.sets.size;
      // A Job that was running by then ends.
      for (let turn = 0; turn < 20; turn++) step(world);
      for (let turn = 0; turn < 30; turn++) {
        world.pass();
        world.tick(60_000);
      }
      expect(phaseOf(world)).to.equal(last);
      expect(world.sets.size).to.equal(sets);
      expect(world.status.breakGlass?.active).to.not.equal(true);
      expect(world.status.blueGreen?.waitingFor).to.contain(`the volume of ${first} is being deleted`);
      expect(world.status.lastErrorReason).to.equal('VolumeDeleting');
      volume.isGoing = false;
      for (let turn = 0; turn < 200; turn++) step(world);
      expect(phaseOf(world)).to.equal(undefined);
      expect(world.sets.size).to.equal(1);
    }
  });
});

describe('the volume of a former member', () => {
  it('is not deleted while one that Raft lists is about to lose its own, or the volumes are unknown', () => {
    const former = claim(2);
    const deleted = (...going: readonly number[]) => {
      const claims = [0, 1, 2].map((n) =>
        claim(n, '2.5.5', going.includes(n) ? { deletionTimestamp: '2026-01-02T03:04:05Z' } : {}),
      );
      return formerVolume(
        observation({
          claims: known(claims),
          raft: known(raftOf(['prod-0', 'prod-1'])),
        }),
        former,
      ).length;
    };
    expect([deleted(), deleted(0), deleted(1)]).to.deep.equal([1, 0, 0]);
    const unread = observation({
      claims: unknown('not read'),
      raft: known(raftOf(['prod-0', 'prod-1'])),
    });
    expect(formerVolume(unread, former)).to.deep.equal([]);
  });
});
