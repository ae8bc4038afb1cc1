import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { succeed } from '../support/gate.ts';
import { condition, runs } from './controller.ts';
import { phaseOf, storiesIn } from './stories.ts';
import { newer, older } from './suite.ts';

describe('a blue-green upgrade on a real node', function () {
  const story = storiesIn('bluegreen');
  const { kubectl, names, request, nothingIsLost } = story;
  const begin = (name: string, blueGreen: object = {}) =>
    story.begin(name, { spec: { upgrade: { strategy: 'BlueGreen', blueGreen } } });
  const servers = () => names('pods', 'server');
  const upgrade = () => story.cluster.patch({ spec: { version: newer } });

  it('moves three members to three others: one leadership change, nothing lost, clients follow', async () => {
    await begin('flip');
    await upgrade();
    const done = await story.cluster.until('upgraded', runs(newer), 300_000);
    const { blueGreen } = done.status ?? {};
    expect(blueGreen).to.include({ phase: 'Idle' });
    const revision = blueGreen?.blueRevision ?? '';
    expect(await servers()).to.have.members([0, 1, 2].map((ordinal) => `flip-${revision}-${ordinal}`));
    expect(await names('statefulsets')).to.deep.equal([`flip-${revision}`]);
    expect(done.status?.raft?.voters).to.deep.equal(
      [0, 1, 2].map((ordinal) => `flip-${revision}-${ordinal}`),
    );
    const { stdout } = await succeed(
      kubectl('get', 'service', 'flip-public', '-o', 'jsonpath={.spec.selector}'),
    );
    expect(JSON.parse(stdout)).to.include({ 'openbao.org/revision': revision });
    // Retain: what blue wrote is kept.
    expect(await names('pvc')).to.include.members(['data-flip-0', 'data-flip-1', 'data-flip-2']);
    expect(condition('PointOfNoReturn')(done)).to.equal('False');
    const { stdout: events } = await succeed(
      kubectl('get', 'events', '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'),
    );
    expect(events).to.match(/UpgradeCompleted: .*leadership changed 1 times/);
    await nothingIsLost();
  });

  it('waits for room in a ResourceQuota, names it, and goes on when there is', async () => {
    await story.begin('room', { spec: { replicas: 1, upgrade: { strategy: 'BlueGreen' } } });
    await succeed(kubectl('create', 'quota', 'team', '--hard=persistentvolumeclaims=1'));
    await upgrade();
    const waitingFor = ({ status }: OpenBaoCluster) => status?.upgrade?.waitingFor ?? '';
    const isCramped = (now: OpenBaoCluster) => waitingFor(now).includes('ResourceQuota team lacks');
    const waiting = await story.cluster.until('it waits for room', isCramped, 180_000);
    expect(waitingFor(waiting)).to.match(/lacks \d+ of persistentvolumeclaims \(\d+ of 1 are used\)/);
    expect(waiting.status?.upgrade?.phase).to.equal('PreChecks');
    expect(await names('statefulsets')).to.deep.equal(['room']);
    await succeed(
      kubectl('patch', 'quota', 'team', '-p', '{"spec":{"hard":{"persistentvolumeclaims":"20"}}}'),
    );
    await story.cluster.until('upgraded', runs(newer), 300_000);
    await succeed(kubectl('delete', 'quota', 'team'));
    await nothingIsLost();
  });

  it('goes back on request while green is in sync: blue was never touched, green is gone whole', async () => {
    await begin('abort', { autoPromote: false });
    const before = await succeed(kubectl('get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}'));
    await upgrade();
    await story.cluster.until('in sync', ({ status }) => status?.blueGreen?.syncedAt !== undefined, 180_000);
    expect(await servers()).to.have.length(6);
    await request('rollback');
    const back = await story.cluster.until('back', (now) => phaseOf(now) === 'Idle', 180_000);
    expect(back.status).to.include({ currentVersion: older });
    expect(back.status?.blueGreen?.rejectedTarget).to.include({ version: newer });
    expect(await servers()).to.have.members(['abort-0', 'abort-1', 'abort-2']);
    expect(await names('statefulsets')).to.deep.equal(['abort']);
    expect(await names('pvc')).to.have.members([0, 1, 2].map((ordinal) => `data-abort-${ordinal}`));
    const after = await succeed(
      kubectl('get', 'pods', '-l', 'openbao.org/component=server', '-o', 'jsonpath={.items[*].metadata.uid}'),
    );
    expect(after.stdout).to.equal(before.stdout);
    // The same target does not start again by itself.
    await sleep(5_000);
    expect(phaseOf(await story.cluster.read())).to.equal('Idle');
    await nothingIsLost();
  });

  it('goes back on request after green has taken over: votes and leadership return to blue', async () => {
    await begin('late', { autoCleanup: false });
    await upgrade();
    await story.cluster.until(
      'green leads',
      ({ status }) => status?.blueGreen?.leadsSince !== undefined,
      240_000,
    );
    expect(condition('Crossing')(await story.cluster.read())).to.equal('True');
    await sleep(16_000);
    await request('rollback');
    const back = await story.cluster.until('back', (now) => phaseOf(now) === 'Idle', 240_000);
    expect(back.status).to.include({ currentVersion: older });
    expect(back.status?.raft?.voters).to.deep.equal(['late-0', 'late-1', 'late-2']);
    expect(await servers()).to.have.members(['late-0', 'late-1', 'late-2']);
    await nothingIsLost();
  });

  it('knows its members without its status, and when it is deleted and created again (L1)', async () => {
    await begin('known');
    await upgrade();
    const done = await story.cluster.until('upgraded', runs(newer), 300_000);
    const { clusterID, blueGreen: { blueRevision: revision = '' } = {} } = done.status ?? {};
    const members = [0, 1, 2].map((ordinal) => `known-${revision}-${ordinal}`);
    const seen = async (kind: string, name: string, path: string) =>
      (await succeed(kubectl('get', kind, name, '-o', `jsonpath=${path}`))).stdout;
    const uids = () => seen('pods', '-lopenbao.org/component=server', '{.items[*].metadata.uid}');
    const isWhole = async (now: OpenBaoCluster) => {
      expect(now.status).to.include({ clusterID, image: done.status?.image });
      expect(now.status?.blueGreen).to.include({ phase: 'Idle', blueRevision: revision });
      expect(await servers()).to.have.members(members);
      expect(await names('statefulsets')).to.deep.equal([`known-${revision}`]);
      expect(await seen('service', 'known-public', '{.spec.selector}')).to.contain(revision);
      expect(await seen('configmap', 'known-config', '{.data}')).to.not.contain('"self-init.json":');
    };
    const before = await uids();
    const wipe = '[{"op":"remove","path":"/status"}]';
    await succeed(kubectl('patch', 'bao', 'known', '--subresource=status', '--type=json', '-p', wipe));
    await isWhole(await story.cluster.until('known again', runs(newer)));
    expect(await uids()).to.equal(before);
    await nothingIsLost();

    const former = '{.metadata.annotations.rollguard\\.io/succeeded-by}';
    for (const ordinal of [0, 1, 2])
      expect(await seen('pvc', `data-known-${ordinal}`, former)).to.equal(revision);
    const { spec } = await story.cluster.read();
    await succeed(kubectl('delete', 'bao', 'known', '--timeout=60s'));
    await succeed(
      kubectl('wait', 'pods', '-lopenbao.org/component=server', '--for=delete', '--timeout=150s'),
    );
    await story.cluster.create(spec);
    await isWhole(await story.cluster.until('up again', runs(newer), 240_000));
  });
});
