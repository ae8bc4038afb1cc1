import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { realBinary } from '../openbao/flavours.ts';
import { succeed } from '../support/gate.ts';
import { skip } from '../support/skip.ts';
import { condition, isBackOn, runs } from './controller.ts';
import { phaseOf, storiesIn } from './stories.ts';

const [older, newer, newest] = ['2.5.5', '2.6.2', '2.7.0-dev'] as const;

/**
 * Members of the two neither give each other votes nor pass requests on, so green is born as blue and upgraded in place
 * (docs/facts/openbao-2.6-measured.md, section 2).
 */
describe('a blue-green upgrade across 2.6 on a real node', function () {
  // Real servers of the two are worth more than the model of all three.
  const hasNewest = realBinary(newer) === undefined || realBinary(newest) !== undefined;
  const story = storiesIn('born', [older, newer, ...(hasNewest ? [newest] : [])]);
  const { kubectl, names, request, nothingIsLost } = story;
  const begin = (name: string, blueGreen: object = {}) =>
    story.begin(name, { spec: { upgrade: { strategy: 'BlueGreen', blueGreen } } });
  const upgrade = (version: string) => story.cluster.patch({ spec: { version } });
  const members = (name: string, revision?: string) =>
    [0, 1, 2].map((ordinal) => [name, ...(revision === undefined ? [] : [revision]), ordinal].join('-'));
  const events = async () =>
    (
      await succeed(
        kubectl('get', 'events', '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'),
      )
    ).stdout;
  const greenImages = async (revision: string) => {
    const path = `jsonpath={range .items[?(@.metadata.labels.openbao\\.org/revision=="${revision}")]}{.metadata.name}={.spec.containers[0].image} {end}`;
    const { stdout } = await succeed(
      kubectl('get', 'pods', '-l', 'openbao.org/component=server', '-o', path),
    );
    return stdout.trim().split(' ').toSorted();
  };
  /** What a person at the machine is told of each run. */
  const tell = (what: string, { status }: OpenBaoCluster) => {
    const gaps = story.writer.gaps().map(({ ms }) => ms);
    console.log(
      `      ${what}: ${story.writer.acknowledged()} writes, gaps over 300 ms: ${gaps.join(', ') || 'none'}; leader ${status?.activeLeader}`,
    );
  };

  for (const [name, target] of [
    ['six', newer],
    ['seven', newest],
  ] as const) {
    it(`moves ${older} to ${target}: green is born old, votes, is upgraded in place, and takes over once`, async function () {
      if (target === newest && !hasNewest)
        skip(this, `there is no server of ${newest} in OPENBAO_DIR: put it there`, 'openbao');
      await begin(name);
      await upgrade(target);
      const { status: first } = await story.cluster.until(
        'green is deployed',
        ({ status }) => status?.blueGreen?.greenRevision !== undefined,
        180_000,
      );
      const { greenRevision: revision = '', upgradesGreenInPlace } = first?.blueGreen ?? {};
      expect(upgradesGreenInPlace).to.equal(true);
      const mixed = await story.cluster.until(
        'all of both halves vote, and green is upgraded',
        (now) => phaseOf(now) === 'UpgradingGreen' && now.status?.raft?.voters?.length === 6,
        300_000,
      );
      expect(mixed.status?.raft?.voters).to.have.members([...members(name), ...members(name, revision)]);
      const done = await story.cluster.until('upgraded', runs(target), 600_000);
      tell(`${older} to ${target}`, done);
      expect(done.status?.blueGreen).to.include({ phase: 'Idle', blueRevision: revision });
      expect(done.status?.raft?.voters).to.have.members(members(name, revision));
      expect(await greenImages(revision)).to.deep.equal(
        members(name, revision).map((pod) => `${pod}=openbao/openbao:${target}`),
      );
      expect(await names('pods', 'server')).to.have.members(members(name, revision));
      expect(await names('pvc')).to.include.members(members(name).map((pod) => `data-${pod}`));
      const told = await events();
      expect(told).to.match(/UpgradeCompleted: .*leadership changed 1 times/);
      expect(told).to.include('GreenUpgraded').and.to.include('VersionsMixed');
      await nothingIsLost();
    });
  }

  it('goes back from the mix: blue never lost a vote, and green is gone whole', async () => {
    await begin('mix');
    await upgrade(newer);
    const path = 'jsonpath={.items[*].metadata.uid}';
    const blue = (await succeed(kubectl('get', 'pods', '-l', 'openbao.org/revision=initial', '-o', path)))
      .stdout;
    const mixed = await story.cluster.until(
      'a green member runs the target',
      (now) => condition('MixedVersions')(now) === 'True' && phaseOf(now) === 'UpgradingGreen',
      400_000,
    );
    expect(mixed.status?.raft?.voters).to.include.members(members('mix'));
    await request('rollback');
    const back = await story.cluster.until('back', isBackOn(older), 400_000);
    tell('back from the mix', back);
    expect(back.status?.blueGreen?.rejectedTarget).to.include({ version: newer });
    expect(await names('pods', 'server')).to.have.members(members('mix'));
    expect(await names('pvc')).to.have.members(members('mix').map((pod) => `data-${pod}`));
    const after = (await succeed(kubectl('get', 'pods', '-l', 'openbao.org/revision=initial', '-o', path)))
      .stdout;
    expect(after).to.equal(blue);
    await nothingIsLost();
  });

  it('refuses to go back once green leads, and ends on green', async () => {
    await begin('past', { autoCleanup: false });
    await upgrade(newer);
    const past = await story.cluster.until(
      'green leads',
      ({ status }) => status?.blueGreen?.leadsSince !== undefined,
      600_000,
    );
    expect(condition('PointOfNoReturn')(await story.cluster.read())).to.equal('True');
    await request('rollback');
    await sleep(5_000);
    expect(phaseOf(await story.cluster.read())).to.equal('DemotingBlue');
    expect(await events()).to.match(/PointOfNoReturn: a rollback was requested/);
    const revision = past.status?.blueGreen?.greenRevision ?? '';
    // Blue's members would answer writes with 307: clients go to green from here on.
    const { stdout } = await succeed(
      kubectl('get', 'service', 'past-public', '-o', 'jsonpath={.spec.selector}'),
    );
    expect(JSON.parse(stdout)).to.include({ 'openbao.org/revision': revision });
    await request('cleanup');
    const done = await story.cluster.until('upgraded', runs(newer), 300_000);
    tell('past the point of no return', done);
    expect(await names('pods', 'server')).to.have.members(members('past', revision));
    await nothingIsLost();
  });
});
