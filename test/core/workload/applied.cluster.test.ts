import { expect } from 'chai';
import type { Job, KubernetesObject, StatefulSet } from '../../../src/api/kubernetes.ts';
import { isMadeAs } from '../../../src/core/jobs/made-as.ts';
import { isApplied } from '../../../src/core/workload/drift.ts';
import { render } from '../../../src/core/workload/render.ts';
import { connect, isConflict, type KubernetesClient } from '../../../src/io/kubernetes/kubernetes.ts';
import { collectionPath, objectPath, targetOf } from '../../../src/io/kubernetes/resources.ts';
import { createUnsealKey, inspectUnsealKey } from '../../../src/io/kubernetes/unseal-key.ts';
import { availability, type Ground } from '../../cluster/test-cluster.ts';
import { groundTimeoutMs, sharedCluster } from '../../cluster/shared.ts';
import { cluster } from '../../support/builders.ts';
import { skip } from '../../support/skip.ts';
import { allJobs } from '../jobs/all-jobs.ts';
import { setsOf } from './inputs-of.ts';
import { canonicalForms } from './quantities.ts';

const namespace = 'workload-test';
const fieldManager = 'rollguard-controller';
const metadata = { namespace, uid: '6f1f4c0e-0d5b-4a55-9b6c-0d6c6f1d2a11' };

const full = cluster(
  {
    replicas: 5,
    storage: { size: '1024Mi', storageClassName: 'fast' },
    resources: { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { memory: '1.5Gi' } },
    network: {
      egressRules: [
        { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 9000 }] },
        { ports: [{ port: 'https', protocol: 'TCP' }] },
      ],
    },
    configuration: { raft: { performanceMultiplier: 2 } },
  },
  { initialized: true, lastRestartAt: '2026-01-01T00:00:00Z' },
  { ...metadata, name: 'full' },
);
const plain = cluster({ profile: 'Development', tls: { enabled: false }, replicas: 1 }, undefined, {
  ...metadata,
  name: 'plain',
});

describe('the children of a cluster on a real API server', function () {
  let ground: Ground;
  let client: KubernetesClient;

  before(async function () {
    this.timeout(groundTimeoutMs);
    const found = await availability('control-plane');
    if (!found.available) skip(this, `${found.why}; ${found.remedy}`);
    ground = await sharedCluster('control-plane');
    client = connect({ kubeconfig: ground.kubeconfig });
    await client.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
  });

  after(async () => {
    await client?.remove(`/api/v1/namespaces/${namespace}`);
    await client?.close();
  });

  const pathOf = (object: KubernetesObject) => objectPath(targetOf(object));
  // Not the owner, which the garbage collector would miss.
  const ownerless = (object: KubernetesObject): KubernetesObject => {
    const { ownerReferences: _, ...rest } = object.metadata as { ownerReferences?: unknown };
    return { ...object, metadata: rest };
  };
  const apply = (object: KubernetesObject) =>
    client.apply<KubernetesObject>(pathOf(object), object, { fieldManager });
  const read = (object: KubernetesObject) => client.get<KubernetesObject>(pathOf(object));

  for (const [title, subject] of [
    ['with everything set', full],
    ['of one member without TLS', plain],
  ] as const) {
    describe(title, () => {
      const children = render(setsOf(subject)).map(ownerless);

      it('are accepted, and found as they should be', async () => {
        for (const child of children) {
          await apply(child);
          const live = await read(child);
          expect(isApplied(child, live ?? {}), `${child.kind}: ${JSON.stringify(live)}`).to.equal(true);
        }
      });

      it('are not written again by a second apply', async () => {
        for (const child of children) {
          const before = await read(child);
          const after = await apply(child);
          expect(after.metadata?.resourceVersion, child.kind).to.equal(before?.metadata?.resourceVersion);
        }
      });

      it('make pods that the restricted pod security standard admits', async () => {
        const { spec } = children.find(({ kind }) => kind === 'StatefulSet') as any;
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'probe', namespace },
          spec: {
            ...spec.template.spec,
            volumes: [...spec.template.spec.volumes, { name: 'data', emptyDir: {} }],
          },
        };
        await client.create(collectionPath('v1', 'Pod', namespace), pod, { query: { dryRun: 'All' } });
      });
    });
  }

  it('have Jobs that are found to be what was asked for (C4)', async () => {
    const backup = {
      target: { bucket: 'b', credentialsSecretRef: { name: 'keys' }, caSecretRef: { name: 'store-ca' } },
    };
    for (const owner of [full, { ...full, spec: { ...full.spec, backup } }]) {
      for (const job of allJobs(owner).map(ownerless)) {
        const made = await client.create<Job>(collectionPath('batch/v1', 'Job', namespace), job, {
          query: { dryRun: 'All' },
        });
        expect(isMadeAs(job, made), JSON.stringify(made.spec)).to.equal(true);
      }
    }
  });

  it('are found drifted when somebody changes them, and right again after the next apply', async () => {
    const statefulSet = render(setsOf(plain)).map(ownerless).at(-1) ?? {};
    await apply(statefulSet);
    await client.request({
      method: 'PATCH',
      path: pathOf(statefulSet),
      body: { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } },
    });
    expect(isApplied(statefulSet, (await read(statefulSet)) ?? {})).to.equal(false);
    await client.apply(pathOf(statefulSet), statefulSet, { fieldManager, force: true });
    expect(isApplied(statefulSet, (await read(statefulSet)) ?? {})).to.equal(true);
  });

  it('are not written over where they have changed since they were compared, nor made anew (C2)', async () => {
    const statefulSet = render(setsOf(plain)).map(ownerless).at(-1) ?? {};
    const compared = await apply(statefulSet);
    const { uid = '', resourceVersion = '' } = compared.metadata ?? {};
    const late = { ...statefulSet, metadata: { ...statefulSet.metadata, uid, resourceVersion } };
    const annotated = { metadata: { uid, annotations: { 'rollguard.io/term': '2' } } };
    await client.request({ method: 'PATCH', path: pathOf(statefulSet), body: annotated });
    const forced = (object: KubernetesObject) =>
      client.apply(pathOf(object), object, { fieldManager, force: true }).then(
        () => 'taken',
        (error: unknown) => (isConflict(error) ? 'refused' : String(error)),
      );
    expect(await forced(late)).to.equal('refused');
    const { resourceVersion: newer = '' } = (await read(statefulSet))?.metadata ?? {};
    // Of one that was deleted and made again.
    const former = { ...late.metadata, uid: crypto.randomUUID() };
    expect(await forced({ ...late, metadata: former })).to.equal('refused');
    expect(await forced({ ...late, metadata: { ...former, resourceVersion: newer } })).not.to.equal('taken');
    expect(await forced({ ...late, metadata: { ...late.metadata, resourceVersion: newer } })).to.equal(
      'taken',
    );
    await client.remove(pathOf(statefulSet));
    expect(await forced(late)).to.equal('refused');
    expect(await read(statefulSet)).to.equal(undefined);
    await apply(statefulSet);
  });

  it('are not drifted by a changed storage, which the API server would refuse, and are written all the same', async () => {
    const setOf = (spec: Parameters<typeof cluster>[0], statefulSet?: StatefulSet) =>
      ownerless(
        render(setsOf(cluster(spec, undefined, { ...metadata, name: 'disks' }), { statefulSet })).at(-1) ??
          {},
      );
    const made = setOf({ storage: { size: '1024Mi' } });
    await apply(made);
    const grown = { storage: { size: '2Gi', storageClassName: 'fast' } };
    // Kubernetes 1.37 says the second.
    expect(await apply(setOf(grown)).then(String, String)).to.match(/Forbidden|field is immutable/);
    const live = (await read(made)) as StatefulSet;
    const later = setOf(grown, live);
    expect(later).to.deep.equal(made);
    expect(isApplied(later, live)).to.equal(true);
    const limited = setOf({ ...grown, resources: { limits: { memory: '1Gi' } } }, live);
    expect(isApplied(limited, live)).to.equal(false);
    await apply(limited);
    expect(isApplied(limited, (await read(made)) ?? {})).to.equal(true);
  });

  it('lose what the rendering no longer holds: the self-init file leaves the ConfigMap', async () => {
    const configMapOf = (status?: Parameters<typeof cluster>[1]) =>
      ownerless(
        render(setsOf(cluster({}, status, { ...metadata, name: 'init' }))).find(
          ({ kind }) => kind === 'ConfigMap',
        ) ?? {},
      );
    await apply(configMapOf());
    const initialized = configMapOf({ initialized: true });
    expect(isApplied(initialized, (await read(initialized)) ?? {})).to.equal(false);
    await apply(initialized);
    const live = (await read(initialized)) as { data?: object } | undefined;
    expect(Object.keys(live?.data ?? {})).to.have.members(['bao-initial.json', 'start.sh']);
  });

  it('have quantities as the API server stores them', async () => {
    const stored = async (quantity: string) => {
      const quota = {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'probe' },
        spec: { hard: { 'limits.cpu': quantity } },
      };
      const { spec } = await client.create<any>(`/api/v1/namespaces/${namespace}/resourcequotas`, quota, {
        query: { dryRun: 'All' },
      });
      return spec.hard['limits.cpu'] as string;
    };
    for (const [written, canonical] of canonicalForms.filter(([each]) => !each.startsWith('-'))) {
      expect(await stored(canonical), written).to.equal(canonical);
      // It keeps a few odd ways to write what is canonical already.
      if (!['1.', '1E3', '+1k', '0100m'].includes(written)) expect(await stored(written)).to.equal(canonical);
    }
  });

  it('do not hold the unseal key, which is made once and stays', async () => {
    const owner = cluster({}, undefined, { ...metadata, name: 'sealed' });
    expect(await inspectUnsealKey(client, owner)).to.deep.equal({ unsealKey: false });
    await createUnsealKey(client, owner);
    const path = `/api/v1/namespaces/${namespace}/secrets/sealed-unseal-key`;
    const first = await client.get<any>(path);
    await createUnsealKey(client, owner);
    expect(await client.get(path)).to.deep.equal(first);
    expect((await inspectUnsealKey(client, owner)).unsealKeyUID).to.equal(first.metadata.uid);
    expect(first.metadata).not.to.have.property('ownerReferences');
    expect(Buffer.from(first.data.key, 'base64').toString()).to.match(/^[0-9a-f]{64}$/);
    const overwriting = client.request({ method: 'PATCH', path, body: { stringData: { key: 'another' } } });
    expect(await overwriting.then(String, String)).to.contain('immutable');
  });
});
