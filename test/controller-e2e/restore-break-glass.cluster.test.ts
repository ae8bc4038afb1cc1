import { expect } from 'chai';
import type { OpenBaoRestore } from '../../src/api/openbaorestore.ts';
import { connect, type KubernetesClient } from '../../src/io/kubernetes/kubernetes.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { crashingImage } from '../openbao/images.ts';
import { succeed } from '../support/gate.ts';
import { shell } from '../support/shell.ts';
import { clusterHandle, type ClusterHandle, runs } from './controller.ts';
import { personOn, type Person } from './person.ts';
import { driverSuite, newer, older, type DriverSuite } from './suite.ts';
import { writerRequests } from './writer.ts';

const namespace = 'beyond-repair';
const claimName = 'snapshots';
/** Of the Jobs that carry out the steps: one whose container ends with an error at once. */
const brokenExecutor = 'rollguard/executor:broken';
const restores = `/apis/openbao.org/v1alpha1/namespaces/${namespace}/openbaorestores`;

describe('restoring in break glass', function () {
  let suite: DriverSuite;
  let ground: Ground;
  let client: KubernetesClient;
  let prod: ClusterHandle;
  let person: Person;

  const executor = (image: string | null) => prod.patch({ spec: { upgrade: { executorImage: image } } });
  const restoreUntil = async (isSo: (restore: OpenBaoRestore) => boolean): Promise<OpenBaoRestore> => {
    for (const end = Date.now() + 240_000; ;) {
      const found = await client.get<OpenBaoRestore>(`${restores}/back`);
      if (found !== undefined && isSo(found)) return found;
      if (found?.status?.phase === 'Failed' || Date.now() > end) {
        throw new Error(JSON.stringify(found?.status, undefined, 1));
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };

  before(async function () {
    suite = await driverSuite(this, namespace);
    ground = suite.ground;
    await ground.loadImage(await crashingImage(brokenExecutor, '0.0.0'));
    client = connect({ kubeconfig: ground.kubeconfig });
    await suite.driver.start();
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: claimName },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await succeed(ground.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(claim) }));
    prod = clusterHandle(ground, namespace, 'prod');
    await prod.create({
      version: older,
      storage: { size: '1Gi' },
      selfInit: { requests: writerRequests(namespace) },
      configuration: { raft: { autopilotReconcileInterval: '1s', autopilotUpdateInterval: '500ms' } },
      backup: { target: { provider: 'pvc', claimName } },
      upgrade: { strategy: 'BlueGreen', preUpgradeSnapshot: true, blueGreen: { autoCleanup: false } },
    });
    await prod.until('up', runs(older));
    person = personOn(client, namespace, 'prod');
    await person.write('early', '1');
  });

  after(async () => {
    await client?.close();
    await suite?.end();
  });

  it('brings the data back, then the members, once the incident is acknowledged', async () => {
    await prod.patch({ spec: { version: newer } });
    await prod.until('green leads', ({ status }) => status?.blueGreen?.leadsSince !== undefined, 240_000);
    await executor(brokenExecutor);
    await prod.patch({ spec: { upgrade: { requests: { rollback: 'now' } } } });
    const broken = await prod.until('break glass', ({ status }) => status?.breakGlass?.active === true);
    await person.write('early', '2');
    await executor(null);
    await prod.until(
      'seen to be mended',
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    );
    const snapshot = broken.status?.backup?.latestSnapshot?.name ?? '';
    expect(snapshot).to.contain(older);
    await client.create(restores, {
      apiVersion: 'openbao.org/v1alpha1',
      kind: 'OpenBaoRestore',
      metadata: { name: 'back' },
      spec: { cluster: 'prod', snapshot, confirm: 'prod' },
    });
    const { status } = await restoreUntil((now) => now.status?.held === true);
    expect(status).to.include({ phase: 'Restarting' });
    expect(await person.read('early')).to.equal('1');
    const [acknowledge = ''] = /kubectl patch .*$/.exec(status?.waitingFor ?? '') ?? [];
    expect(acknowledge).to.contain(broken.status?.breakGlass?.nonce);
    await shell(acknowledge, ground);
    await restoreUntil((now) => now.status?.phase === 'Complete');
    // The record of the restore goes with the next look.
    const back = await prod.until(
      'back',
      ({ status: now }) => now?.blueGreen?.phase === 'Idle' && now.restore === undefined,
    );
    expect(back.status).to.include({ currentVersion: older });
    expect(back.status?.raft?.voters).to.deep.equal(['prod-0', 'prod-1', 'prod-2']);
    expect(back.status?.operationLock).to.equal(undefined);
    expect(await person.read('early')).to.equal('1');
  });
});
