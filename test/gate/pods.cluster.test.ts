import { expect } from 'chai';
import type { KubernetesObject } from '../../src/api/kubernetes.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { cluster, fixturesIn, kubectlIn, startGate, succeed, type Gate } from '../support/gate.ts';
import { ownGround } from '../support/own-ground.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

describe('the gate on pods, by kubectl through a real API server', function () {
  let ground: Ground;
  let gate: Gate;
  let alice: string;
  const namespace = 'gate-pods';

  before(async function () {
    ground = await ownGround(this, 'control-plane');
    gate = await startGate(ground);
    await provideNamespace(ground, namespace);
    await succeed(ground.kubectl(['label', 'namespace', namespace, 'rollguard.io/guarded=true']));
    await succeed(kubectl(['create', 'serviceaccount', 'default']));
    await fixtures.create(cluster('prod', { version: '2.5.5' }));
    alice = await ground.kubeconfigFor('alice', ['people']);
    const verbs = 'get,list,delete,deletecollection,patch';
    await succeed(kubectl(['create', 'role', 'pods', `--verb=${verbs}`, '--resource=pods']));
    await succeed(kubectl(['create', 'rolebinding', 'alice', '--role=pods', '--user=alice']));
  });

  after(async function () {
    if (ground) await removeNamespace(ground, namespace);
    await gate?.stop();
  });

  const kubectl = kubectlIn(() => ground, namespace);
  const fixtures = fixturesIn(() => ground, namespace);
  const createPod = (
    name: string,
    { labels = { 'openbao.org/cluster': 'prod' }, nodeName = '', annotations = {} } = {},
  ) =>
    fixtures.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels, annotations },
      spec: {
        ...(nodeName === '' ? {} : { nodeName }),
        automountServiceAccountToken: false,
        containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5' }],
      },
    });
  const exists = async (name: string) => (await fixtures.read('Pod', name)) !== undefined;
  const maintain = (enabled: boolean) =>
    fixtures.patch('OpenBaoCluster', 'prod', { spec: { maintenance: { enabled } } });

  const ways: Record<string, readonly string[]> = {
    'kubectl delete': ['delete', 'pod', 'NAME', '--wait=false'],
    'a forced delete': ['delete', 'pod', 'NAME', '--grace-period=0', '--force'],
    'delete by label': ['delete', 'pods', '-l', 'test=NAME', '--wait=false'],
    'a dry run': ['delete', 'pod', 'NAME', '--dry-run=server'],
    'a deletecollection': [
      'delete',
      '--raw',
      `/api/v1/namespaces/${namespace}/pods?labelSelector=test%3DNAME`,
    ],
  };
  for (const [way, template] of Object.entries(ways)) {
    it(`refuses ${way} outside maintenance, even for a cluster admin, and the pod stays`, async () => {
      const name = `no-${Object.keys(ways).indexOf(way)}`;
      await createPod(name, {
        labels: { 'openbao.org/cluster': 'prod', test: name } as never,
        nodeName: 'nowhere',
      });
      const refused = await kubectl(template.map((word) => word.replaceAll('NAME', name)));
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.contain('MaintenanceRequired').and.contain('spec').and.contain('prod');
      expect(await exists(name)).to.equal(true);
    });

    it(`allows ${way} in maintenance to a cluster admin`, async () => {
      const name = `yes-${Object.keys(ways).indexOf(way)}`;
      await maintain(true);
      await createPod(name, { labels: { 'openbao.org/cluster': 'prod', test: name } as never });
      await maintain(false);
      await succeed(kubectl(template.map((word) => word.replaceAll('NAME', name))));
      expect(await exists(name)).to.equal(way === 'a dry run');
    });
  }

  it('refuses to force what is ending, in each way that skips the process, and passes what waits (P7)', async () => {
    await maintain(false);
    const labelled = (name: string) => ({ 'openbao.org/cluster': 'prod', test: name }) as never;
    const node = await ground.kubeconfigFor('system:serviceaccount:kube-system:node-controller', [
      'system:masters',
    ]);
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const evict = (name: string, deleteOptions: object) =>
      kubectl(['create', '--raw', `${pods}/${name}/eviction`, '-f', '-'], {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        deleteOptions,
      });
    const ending = async (name: string) => {
      await createPod(name, { labels: labelled(name), nodeName: 'nowhere' });
      await succeed(kubectl(['delete', 'pod', name, '--wait=false'], undefined, node));
      expect(await exists(name), 'it waits for its kubelet').to.equal(true);
    };
    const forced: Record<string, (name: string) => ReturnType<typeof kubectl>> = {
      'kubectl delete --force': (name) => kubectl(['delete', 'pod', name, '--grace-period=0', '--force']),
      'a DELETE': (name) => kubectl(['delete', '--raw', `${pods}/${name}?gracePeriodSeconds=0`]),
      'a deletecollection': (name) =>
        kubectl(['delete', '--raw', `${pods}?labelSelector=test%3D${name}&gracePeriodSeconds=0`]),
      'an eviction': (name) => evict(name, { gracePeriodSeconds: 0 }),
    };
    for (const [index, [way, force]] of Object.entries(forced).entries()) {
      const name = `ending-${index}`;
      await ending(name);
      const refused = await force(name);
      expect(refused.stderr, way).to.contain('MaintenanceRequired').and.contain('out-of-service');
      expect(await exists(name), way).to.equal(true);
      await succeed(kubectl(['annotate', 'pod', name, 'openbao.org/maintenance=true']));
      await succeed(force(name));
      expect(await exists(name), way).to.equal(false);
    }
    const waiting: Record<string, (name: string) => ReturnType<typeof kubectl>> = {
      'a shorter time': (name) => kubectl(['delete', 'pod', name, '--grace-period=1', '--wait=false']),
      'the same deletion again': (name) => kubectl(['delete', '--raw', `${pods}/${name}`]),
      'an eviction in one second': (name) => evict(name, { gracePeriodSeconds: 1 }),
      'a deletecollection': (name) => kubectl(['delete', '--raw', `${pods}?labelSelector=test%3D${name}`]),
      'an eviction': (name) => evict(name, {}),
    };
    for (const [index, [way, wait]] of Object.entries(waiting).entries()) {
      const name = `waits-${index}`;
      await ending(name);
      await succeed(wait(name));
      expect(await exists(name), way).to.equal(true);
    }
    await createPod('runs', { nodeName: 'nowhere' });
    expect((await evict('runs', { gracePeriodSeconds: 0 })).stderr).to.contain('MaintenanceRequired');
    expect((await evict('runs', { gracePeriodSeconds: 0, dryRun: ['All'] })).stderr).to.contain(
      'grace period',
    );
    await succeed(evict('runs', {}));
  });

  it('writes the maintenance annotation on a pod that is created in maintenance, and not on others', async () => {
    const annotationOf = async (name: string) =>
      (await fixtures.read<KubernetesObject>('Pod', name))?.metadata?.annotations?.[
        'openbao.org/maintenance'
      ];
    await maintain(true);
    await createPod('born-in');
    await createPod('stranger', { labels: { app: 'web' } as never });
    await maintain(false);
    await createPod('born-out');
    expect(await annotationOf('born-in')).to.equal('true');
    expect(await annotationOf('stranger')).to.equal(undefined);
    expect(await annotationOf('born-out')).to.equal(undefined);
  });

  it('needs the verb as well as the annotation', async () => {
    await maintain(true);
    await createPod('verb');
    await maintain(false);
    const refused = await kubectl(['delete', 'pod', 'verb'], undefined, alice);
    expect(refused.stderr).to.contain('(PermissionRequired)').and.contain('kubectl auth can-i maintenance');
    await succeed(
      kubectl([
        'create',
        'role',
        'maintain',
        '--verb=maintenance',
        '--resource=openbaoclusters.openbao.org',
        '--resource-name=prod',
      ]),
    );
    await succeed(kubectl(['create', 'rolebinding', 'alice-maintains', '--role=maintain', '--user=alice']));
    await succeed(kubectl(['delete', 'pod', 'verb'], undefined, alice));
  });

  it('leaves pods of other people, and namespaces that are not guarded, alone', async () => {
    await createPod('web', { labels: { app: 'web' } as never });
    await succeed(kubectl(['delete', 'pod', 'web'], undefined, alice));
  });

  it('lets the system actors and the node’s own kubelet delete, by exact name, and no near miss', async () => {
    const actors: readonly [user: string, groups: readonly string[], passes: boolean][] = [
      ['system:kube-scheduler', [], true],
      ['system:serviceaccount:kube-system:statefulset-controller', ['system:serviceaccounts'], true],
      ['system:serviceaccount:kube-system:generic-garbage-collector', [], true],
      ['system:serviceaccount:kube-system:namespace-controller', [], true],
      ['system:serviceaccount:kube-system:node-controller', [], true],
      ['system:serviceaccount:kube-system:pod-garbage-collector', [], true],
      ['system:serviceaccount:other:statefulset-controller', [], false],
      ['system:serviceaccount:kube-system:statefulset-controller-2', [], false],
    ];
    await succeed(kubectl(['create', 'role', 'delete-pods', '--verb=delete,get', '--resource=pods']));
    for (const [index, [user, groups, passes]] of actors.entries()) {
      await fixtures.create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: `actor-${index}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'delete-pods' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      });
      await createPod(`actor-${index}`, { nodeName: 'nowhere' });
      const deleted = await kubectl(
        ['delete', 'pod', `actor-${index}`, '--grace-period=0', '--force'],
        undefined,
        await ground.kubeconfigFor(user, groups),
      );
      expect(deleted.code === 0, `${user}: ${deleted.stderr}`).to.equal(passes);
    }
    await createPod('of-node', { nodeName: 'node-a' });
    const kubelet = (node: string) =>
      ground.kubeconfigFor(`system:node:${node}`, ['system:nodes', 'system:masters']);
    const deletion = ['delete', 'pod', 'of-node', '--grace-period=0', '--force'];
    expect((await kubectl(deletion, undefined, await kubelet('node-b'))).code).to.equal(1);
    await succeed(kubectl(deletion, undefined, await kubelet('node-a')));
  });

  it('takes volumes without a stamp for fresh only where they never had a volume (P4)', async () => {
    const claim = (name: string, volumeName?: string) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Mi' } },
        ...(volumeName === undefined ? {} : { volumeName }),
      },
    });
    await succeed(kubectl(['create', '-f', '-'], claim('data-unbound-0')));
    await succeed(kubectl(['create', '-f', '-'], claim('data-unstamped-0', 'gate-p4')));
    await succeed(
      kubectl(['create', 'role', 'clusters', '--verb=create', '--resource=openbaoclusters.openbao.org']),
    );
    await succeed(kubectl(['create', 'rolebinding', 'alice-clusters', '--role=clusters', '--user=alice']));
    const fresh = await succeed(kubectl(['create', '-f', '-'], cluster('unbound', { version: '2.5.5' })));
    expect(fresh.stderr).not.to.contain('data-unbound-0');
    const refused = await kubectl(['create', '-f', '-'], cluster('unstamped', { version: '2.5.5' }), alice);
    expect(refused.stderr).to.contain('(DowngradeBlocked)').and.contain('kubectl annotate pvc');
    const made = await succeed(kubectl(['create', '-f', '-'], cluster('unstamped', { version: '2.5.5' })));
    expect(made.stderr).to.contain('Warning:').and.contain('data-unstamped-0');
  });

  it('lets nobody write what is said of a volume without the verb (P4)', async () => {
    const annotate = (value: string, as?: string) =>
      kubectl(['annotate', 'pvc', 'data-unstamped-0', '--overwrite', `rollguard.io/${value}`], undefined, as);
    await succeed(
      kubectl(['create', 'role', 'volumes', '--verb=get,patch', '--resource=persistentvolumeclaims']),
    );
    await succeed(kubectl(['create', 'rolebinding', 'alice-volumes', '--role=volumes', '--user=alice']));
    await succeed(annotate('openbao-version=2.5.5'));
    for (const value of [
      'openbao-version=99.0.0',
      'openbao-version-',
      'cluster-id=x',
      'succeeded-by=r0123456789',
    ])
      expect((await annotate(value, alice)).stderr, value).to.contain('(PermissionRequired)');
    await succeed(annotate('note=x', alice));
    const label = ['label', 'pvc', 'data-unstamped-0', 'openbao.org/cluster=unstamped'];
    expect((await kubectl(label, undefined, alice)).stderr).to.contain('(PermissionRequired)');
    await succeed(kubectl(label));
    const controller = await ground.kubeconfigFor(
      'system:serviceaccount:rollguard-system:rollguard-controller',
      ['system:masters'],
    );
    await succeed(annotate('openbao-version=2.6.0', controller));
  });

  it('lets what must pass through while the webhook is down, and refuses the rest', async () => {
    await maintain(false);
    await createPod('down', { nodeName: 'node-a' });
    await succeed(kubectl(['label', 'pod', 'down', 'still=there']));
    await gate.stop();
    try {
      // Its configurations are gone with it; put them back without a server behind them.
      const again = await startGate(ground);
      await again.server.close();
      const refused = await kubectl(['delete', 'pod', 'down', '--grace-period=0', '--force']);
      expect(refused.stderr).to.contain('failed calling webhook');
      const kubelet = await ground.kubeconfigFor('system:node:node-a', ['system:nodes', 'system:masters']);
      await succeed(kubectl(['delete', 'pod', 'down', '--grace-period=0', '--force'], undefined, kubelet));
      // Nobody can say what goes with it.
      expect((await kubectl(['delete', 'bao', 'prod'])).stderr).to.contain('failed calling webhook');
      await again.stop();
    } finally {
      gate = await startGate(ground);
    }
  });
});
