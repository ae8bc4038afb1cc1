import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { until } from '../certs/recording-logger.ts';
import { succeed } from '../support/gate.ts';
import { condition, runs } from './controller.ts';
import { storiesIn } from './stories.ts';
import { newer } from './suite.ts';

describe('a volume that somebody has deleted, on a real node (L3)', () => {
  const story = storiesIn('going');
  const jsonOf = async (path: string, ...what: readonly string[]) =>
    (await succeed(story.kubectl('get', ...what, '-o', `jsonpath={${path}}`))).stdout;
  const uids = () => jsonOf('.items[*].metadata.uid', 'pods', '-l', 'openbao.org/component=server');
  const finalizers = (value: string) =>
    story.kubectl(
      'patch',
      'pvc',
      'data-going-1',
      '--type=merge',
      '-p',
      `{"metadata":{"finalizers":${value}}}`,
    );
  const isGoing = (is: string) => (cluster: OpenBaoCluster) => condition('VolumeDeleting')(cluster) === is;

  it('ends with no stop of ours, and its member is given a new one by what is told', async () => {
    await story.begin('going');
    const before = await uids();
    const volume = await jsonOf('.metadata.uid', 'pvc', 'data-going-1');
    // Beside Kubernetes' own, which lets go as soon as the pod does: somebody's who takes longer.
    await succeed(finalizers('["kubernetes.io/pvc-protection","example.com/backup"]'));
    await succeed(story.kubectl('delete', 'pvc', 'data-going-1', '--wait=false'));
    const told = await story.cluster.until('told', isGoing('True'));
    expect(told.status?.lastErrorReason).to.equal('VolumeDeleting');
    expect(told.status?.lastErrorMessage).to.contain('going-1').and.contain('snapshot');
    await until(
      'no eviction is allowed',
      async () => (await jsonOf('.spec.maxUnavailable', 'pdb', 'going-pdb')) === '0',
      30_000,
    );
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'going-1', namespace: 'going' },
    };
    const evicted = await story.ground.kubectl(
      ['create', '--raw', '/api/v1/namespaces/going/pods/going-1/eviction', '-f', '-'],
      { input: JSON.stringify(eviction) },
    );
    expect(evicted.stderr).to.contain('disruption budget');

    await story.cluster.patch({ spec: { version: newer, replicas: 5 } });
    await sleep(20_000);
    const waiting = await story.cluster.read();
    expect(waiting.status).to.not.have.any.keys('upgrade', 'scaling');
    expect(await uids()).to.equal(before);

    await story.cluster.patch({ spec: { replicas: 3 } });
    // As the message says, with the verb maintenance, where the gate is.
    await succeed(story.kubectl('delete', 'pod', 'going-1'));
    await story.cluster.until(
      'out of Raft',
      ({ status }) => status?.raft?.voters?.includes('going-1') === false,
    );
    const meanwhile = (await uids()).split(' ');
    for (const uid of before.split(' ').filter((_, ordinal) => ordinal !== 1))
      expect(meanwhile).to.include(uid);
    expect(await jsonOf('.metadata.uid', 'pvc', 'data-going-1')).to.equal(volume);

    await succeed(finalizers('null'));
    await story.cluster.until('upgraded with a new volume', runs(newer), 400_000);
    expect(await jsonOf('.metadata.uid', 'pvc', 'data-going-1')).to.not.equal(volume);
    await story.cluster.until('over', isGoing('False'));
    await story.nothingIsLost();
  });
});
