import { expect } from 'chai';
import type { OpenBaoClusterSpec } from '../../../../src/api/openbaocluster.ts';
import { activeBlueGreen } from '../../../../src/core/model/blue-green.ts';
import { setsOfMembers } from '../../../../src/core/workload/inputs.ts';
import { memberNamed } from '../../../../src/core/model/members.ts';
import { context } from '../../../support/observation.ts';
import { flagsOf, type SimulatedJob } from './simulated-halves.ts';
import { WatchedHalves } from './watched-halves.ts';

type BlueGreenSpec = NonNullable<NonNullable<OpenBaoClusterSpec['upgrade']>['blueGreen']>;

/** From 2.5.5 to 2.5.6; blue is `prod-0` and so on. */
function upgrading(blueGreen: BlueGreenSpec = {}, spec: Partial<OpenBaoClusterSpec> = {}): WatchedHalves {
  const world = new WatchedHalves({ spec: { ...spec, upgrade: { strategy: 'BlueGreen', blueGreen } } });
  go(world, 2);
  world.spec({ version: '2.5.6' });
  return world;
}

function go(world: WatchedHalves, turns: number): void {
  for (let turn = 0; turn < turns; turn++) {
    world.pass();
    world.tick();
  }
}

function goUntil(world: WatchedHalves, what: string, isSo: () => boolean): void {
  for (let turn = 0; turn < 2_000; turn++) {
    go(world, 1);
    if (isSo()) return;
  }
  world.fail(`never: ${what}`);
}

const phaseOf = (world: WatchedHalves) =>
  activeBlueGreen(world.status)?.phase ?? world.status.upgrade?.phase ?? 'Idle';
const goTo = (world: WatchedHalves, phase: string) => goUntil(world, phase, () => phaseOf(world) === phase);
const goHome = (world: WatchedHalves) => goUntil(world, 'the end', () => phaseOf(world) === 'Idle');

/** Green leads, blue has no votes, and a person is to say whether it goes on. */
function handedOver(): WatchedHalves {
  const world = upgrading({ autoCleanup: false });
  goUntil(world, 'green leads', () => world.status.blueGreen?.leadsSince !== undefined);
  return world;
}

function ask(world: WatchedHalves, request: 'retry' | 'rollback' | 'promote'): void {
  const { upgrade } = world.cluster.spec;
  world.spec({
    upgrade: { ...upgrade, requests: { ...upgrade?.requests, [request]: `at ${world.now}` } },
  });
}

const jobsOf = (world: WatchedHalves, action: string): readonly SimulatedJob[] =>
  [...world.jobs.values()].filter((job) => job.action === action);

const blue = ['prod-0', 'prod-1', 'prod-2'];

describe('bugs of the reference operator that a blue-green upgrade does not repeat', () => {
  it('7.1, 1: the cleanup of a rollback removes green, never the half that survives', () => {
    const world = handedOver();
    const green = world.half('green');
    ask(world, 'rollback');
    goHome(world);
    expect(jobsOf(world, 'remove-blue-peers')).to.deep.equal([]);
    expect(jobsOf(world, 'remove-green-peers').map((job) => flagsOf(job, 'green'))).to.deep.equal([green]);
    expect([...world.raft.servers.keys()]).to.deep.equal(blue);
    expect(world.raft.voters).to.deep.equal(blue);
  });

  it('7.1, 1: green that cannot be removed stops it, and is not deleted with a failure ignored', () => {
    const world = handedOver();
    world.jobFailures.set('remove-green-peers', 'permission denied');
    ask(world, 'rollback');
    goUntil(world, 'break glass', () => world.status.breakGlass?.active === true);
    go(world, 100);
    expect(world.status.breakGlass?.reason).to.equal('RollbackCleanupPeerRemovalFailed');
    expect([...world.sets.keys()]).to.have.length(2);
    for (const id of world.half('green')) expect(world.volumes.get(id)?.isGoing).to.equal(false);
  });

  it('7.1, 2: spec.version set back while green holds the votes deletes nothing', () => {
    const world = handedOver();
    const green = world.half('green');
    world.spec({ version: '2.5.5' });
    go(world, 200);
    expect(phaseOf(world)).to.equal('DemotingBlue');
    expect([...world.sets.keys()]).to.have.length(2);
    expect(world.raft.voters).to.have.members([...green]);
  });

  it('7.1, 3: a green member that crashes after votes have moved is no reason to delete voters', () => {
    const world = handedOver();
    const [, second = ''] = world.half('green');
    world.images.set('openbao/openbao:2.5.6', { version: '2.5.6', kind: 'crashes' });
    world.kill(second);
    go(world, 100);
    expect(phaseOf(world)).to.equal('DemotingBlue');
    expect(world.sets.size).to.equal(2);
    expect(world.raft.voters).to.include(second);
  });

  it('7.1, 4: green keeps its votes while fewer blue are left than blue needs', () => {
    const world = handedOver();
    const green = world.half('green');
    world.images.set('openbao/openbao:2.5.5', { version: '2.5.5', kind: 'missing' });
    world.kill('prod-0');
    world.kill('prod-1');
    ask(world, 'rollback');
    goUntil(world, 'break glass', () => world.status.breakGlass?.active === true);
    expect(world.status.breakGlass?.reason).to.equal('RollbackConsensusRepairFailed');
    expect(world.status.breakGlass?.message).to.contain('1 of 3 are healthy members, quorum is 2');
    expect(world.raft.voters).to.have.members([...green]);
    // Blue is mended, and the way back goes on.
    world.images.set('openbao/openbao:2.5.5', { version: '2.5.5', kind: 'good' });
    go(world, 20);
    world.spec({ breakGlassAck: world.status.breakGlass?.nonce ?? '' });
    goHome(world);
    expect(world.raft.voters).to.deep.equal(blue);
  });

  it('7.1, 5: members are named exactly, so prod-10 is not prod-1, nor green of another revision', () => {
    const world = handedOver();
    const { greenRevision = '' } = world.status.blueGreen ?? {};
    for (const stranger of [
      'prod-01',
      'prod-1x',
      'prod-1-0',
      `prod-${greenRevision}`,
      `prod-${greenRevision}1-0`,
    ]) {
      expect(memberNamed(world.cluster, stranger), stranger).to.equal(undefined);
    }
    expect(memberNamed(world.cluster, `prod-${greenRevision}-1`)).to.deep.equal({
      revision: greenRevision,
      ordinal: 1,
    });
  });

  it('7.1, 5: with a stranger among the members no vote moves, and it stays untouched', () => {
    const world = upgrading({ autoPromote: false });
    goUntil(world, 'in sync', () => world.status.blueGreen?.syncedAt !== undefined);
    world.raft.servers.set('prod-10', { voter: false, up: true });
    ask(world, 'promote');
    goUntil(world, 'a Job has failed', () => (world.status.blueGreen?.jobFailures ?? 0) > 0);
    expect(world.raft.voters).to.deep.equal(blue);
    const [job] = jobsOf(world, 'hand-over-to-green');
    expect(job?.message).to.contain('prod-10 is a member, but of neither side');
    expect(job?.asked).to.deep.equal([]);
  });

  it('7.1, 6: a second attempt at the same target takes no outcome of the first for its own', () => {
    const hook = { verification: { prePromotionHook: { image: 'smoke-test:1' } } };
    const world = upgrading(hook);
    world.jobFailures.set('pre-promotion-hook', 'no');
    goHome(world);
    const first = new Set(world.jobs.keys());
    world.jobFailures.clear();
    ask(world, 'retry');
    goUntil(world, 'done', () => world.status.currentVersion === '2.5.6');
    // All Jobs of the first attempt are still there, the failed ones too.
    for (const name of first) expect(world.jobs.has(name), name).to.equal(true);
    const [, second] = jobsOf(world, 'pre-promotion-hook');
    expect(second?.outcome).to.equal('succeeded');
  });

  it('7.1, 6 and 12: a retry after a failed Job has a Job of another name', () => {
    const world = upgrading({ autoRollback: { enabled: false } });
    world.jobFailures.set('hand-over-to-green', 'permission denied');
    goUntil(world, 'held', () => world.status.blueGreen?.held === true);
    world.jobFailures.clear();
    ask(world, 'retry');
    goTo(world, 'DemotingBlue');
    const jobs = jobsOf(world, 'hand-over-to-green');
    expect(jobs.map(({ outcome }) => outcome)).to.deep.equal(['failed', 'running']);
  });

  it("7.1, 7: a Job's word is no proof; what Raft says counts, and it is tried again", () => {
    const world = upgrading();
    goTo(world, 'Promoting');
    for (const job of jobsOf(world, 'hand-over-to-green')) job.outcome = 'succeeded';
    go(world, 10);
    expect(phaseOf(world)).to.equal('Promoting');
    goTo(world, 'DemotingBlue');
    expect(jobsOf(world, 'hand-over-to-green')).to.have.length(2);
    expect(world.raft.voters).to.include.members([...world.half('green')]);
  });

  it('7.1, 8: the volumes of green go on the way back, and the next green has members of other names', () => {
    const world = upgrading({ autoPromote: false });
    goUntil(world, 'in sync', () => world.status.blueGreen?.syncedAt !== undefined);
    const former = world.half('green');
    ask(world, 'rollback');
    goHome(world);
    expect([...world.volumes.keys()]).to.deep.equal(blue);
    ask(world, 'retry');
    goTo(world, 'DeployingGreen');
    expect(world.half('green').filter((id) => former.includes(id))).to.deep.equal([]);
    ask(world, 'promote');
    goUntil(world, 'in sync again', () => world.status.blueGreen?.syncedAt !== undefined);
  });

  it('7.1, 10: version, image, serving half, phase and lock end in one write', () => {
    const world = upgrading();
    goTo(world, 'Cleanup');
    const { greenRevision } = world.status.blueGreen ?? {};
    const before = world.status;
    goUntil(world, 'the end', () => {
      const { status } = world;
      const ended = [
        status.currentVersion === '2.5.6',
        status.image === 'openbao/openbao:2.5.6',
        status.blueGreen?.blueRevision === greenRevision,
        status.blueGreen?.phase === 'Idle',
        status.operationLock === undefined,
      ];
      expect(new Set(ended)).to.have.property('size', 1);
      return status.blueGreen?.phase === 'Idle';
    });
    expect(before.currentVersion).to.equal('2.5.5');
  });

  it('7.1, 11: the lock is not kept by checks that fail', () => {
    const world = upgrading();
    world.images.set('openbao/openbao:2.5.6', { version: '2.5.7', kind: 'good' });
    goUntil(world, 'held', () => world.status.upgrade?.held === true);
    expect(world.status.operationLock).to.equal(undefined);
    expect(world.sets.size).to.equal(1);
  });

  it('7.1, 11: an acknowledgement is neither dropped nor replayed', () => {
    const world = handedOver();
    world.jobFailures.set('repair-consensus', 'no route to host');
    ask(world, 'rollback');
    const breaks = () => {
      goUntil(world, 'break glass', () => world.status.breakGlass?.active === true);
      return world.status.breakGlass?.nonce ?? '';
    };
    const first = breaks();
    world.spec({ paused: true });
    go(world, 20);
    world.spec({ paused: false, breakGlassAck: first });
    const second = breaks();
    expect(second).not.to.equal(first);
    go(world, 100);
    expect(world.status.breakGlass).to.include({ active: true, nonce: second });
    expect(jobsOf(world, 'repair-consensus')).to.have.length(2);
    expect(world.status.breakGlass?.history?.map(({ nonce }) => nonce)).to.deep.equal([first]);
  });

  for (const replicas of [1, 3, 5]) {
    it(`7.1, 13: leadership moves once and never back, whoever of ${replicas} leads`, () => {
      for (let leader = 0; leader < replicas; leader++) {
        const world = new WatchedHalves({
          replicas,
          leader,
          spec: { upgrade: { strategy: 'BlueGreen' } },
        });
        go(world, 2);
        world.spec({ version: '2.5.6' });
        goUntil(world, 'done', () => world.status.currentVersion === '2.5.6');
        expect(world.leadershipChanges).to.equal(1);
        expect(world.stepDowns).to.have.length(1);
      }
    });
  }

  it('7.1, 15: no edit of spec moves blue or green while both are there', () => {
    const world = handedOver();
    const before = [...world.sets.values()].map(({ image, replicas, generation }) => ({
      image,
      replicas,
      generation,
    }));
    world.spec({ image: 'openbao/openbao:2.5.8', version: '2.5.8', replicas: 5 });
    go(world, 60);
    const after = [...world.sets.values()].map(({ image, replicas, generation }) => ({
      image,
      replicas,
      generation,
    }));
    expect(after).to.deep.equal(before);
    expect(phaseOf(world)).to.equal('DemotingBlue');
  });

  it('7.1, 16: a hook whose outcome is lost is not run again by itself', () => {
    const world = upgrading({ verification: { prePromotionHook: { image: 'smoke-test:1' } } });
    goUntil(world, 'the hook runs', () => jobsOf(world, 'pre-promotion-hook').length > 0);
    for (const { name } of jobsOf(world, 'pre-promotion-hook')) world.loseJob(name);
    goUntil(world, 'held', () => world.status.blueGreen?.held === true);
    go(world, 100);
    expect(world.status.lastErrorReason).to.equal('HookOutcomeUnknown');
    expect(jobsOf(world, 'pre-promotion-hook')).to.deep.equal([]);
  });

  it('7.1, 18: green never makes a cluster of its own, and joins without a vote', () => {
    const world = upgrading();
    goTo(world, 'DeployingGreen');
    const { cluster } = world;
    const unsure = { ...cluster, status: { ...cluster.status, initialized: false } };
    const { sets } = setsOfMembers(unsure, {
      claims: [],
      statefulSet: undefined,
      issuer: { url: 'https://issuer', publicKeys: [] },
      settings: context().settings,
    });
    const green = sets.find(({ revision }) => revision === cluster.status?.blueGreen?.greenRevision);
    expect(green).to.include({ selfInitialize: false, joinsWithoutVote: true });
  });
});

describe('Cleanup', () => {
  it('stops no blue member while one has a vote, which a person may have given it, and holds', () => {
    const world = upgrading();
    goTo(world, 'Cleanup');
    world.raft.promote('prod-1');
    goUntil(world, 'prod-1 votes', () => world.raft.voters.includes('prod-1'));
    goUntil(world, 'held', () => world.status.blueGreen?.held === true);
    expect([...world.pods.keys()]).to.include.members(blue);
    expect(world.status.lastErrorMessage).to.contain('prod-1 still votes');
  });
});
