/**
 * `npm run bench -- idle`: what 1,000 clusters cost the controller, and the API server, when nothing happens: memory,
 * CPU, and requests that write. A real API server holds all objects; the pods and the status of their StatefulSets
 * are made up, and OpenBao is simulated.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type KubernetesClient } from '../src/io/kubernetes/kubernetes.ts';
import { names, sealKeyName } from '../src/core/model/names.ts';
import { programBundle } from '../test/cluster/bundle.ts';
import { startGround } from '../test/cluster/test-cluster.ts';
import { driverOn, prepareDriver } from '../test/controller-e2e/controller.ts';
import { succeed } from '../test/support/gate.ts';
import { simulateMembers } from './openbao-simulated.ts';
import { cpuSeconds, residentMiB } from './processes.ts';
import { verdict } from './report.ts';

const isQuick = process.argv.includes('--quick');
const clusters = isQuick ? 20 : 1_000;
const watchedMs = isQuick ? 5_000 : 60_000;
const namespace = 'idle';
const say = (line: string) => void process.stdout.write(`${line}\n`);

interface Cluster {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const ground = await startGround({ size: 'control-plane' });
const members = await simulateMembers(namespace, clusters);
try {
  await bench();
} finally {
  await members.stop();
  await ground.stop();
}

async function bench(): Promise<void> {
  await prepareDriver(ground, namespace);
  const client = connect({ kubeconfig: ground.kubeconfig });
  const driver = await driverOn(ground, join(await programBundle(), 'main.js'));
  try {
    await inParallel(clusters, (index) => makeUp(client, index));
    await driver.start();
    const controller = { pid: driver.pid() };
    await untilAllAreReady(client);
    await untilQuiet();
    const before = await requests();
    const cpuBefore = cpuSeconds(controller);
    await sleep(watchedMs);
    const after = await requests();
    const minutes = watchedMs / 60_000;
    const cpu = (cpuSeconds(controller) - cpuBefore) / (watchedMs / 1000);
    const rss = Math.round(residentMiB(controller));
    say(`\n${clusters} idle clusters of 3 members, on a real API server; OpenBao is simulated`);
    say(
      `  reads a minute ${((after.reads - before.reads) / minutes).toFixed(0)}, ${(cpu * 100).toFixed(0)} % of a core`,
    );
    const writes = writesBetween(before, after);
    for (const [what, count] of writes) say(`  writes of ${what} ${count}`);
    say(verdict('writes a minute', sum(writes) / minutes, 'at most', 0));
    say(verdict('RSS, MiB', rss, 'at most', 200));
  } finally {
    await driver.stop();
    await client.close();
  }
}

/** One cluster that has been up for long, as the API server would hold it. */
async function makeUp(client: KubernetesClient, index: number): Promise<void> {
  const name = `c${index}`;
  const core = `/api/v1/namespaces/${namespace}`;
  const labels = {
    'openbao.org/cluster': name,
    'openbao.org/component': 'server',
    'controller-revision-hash': 'r1',
  };
  await client.create(`/apis/openbao.org/v1alpha1/namespaces/${namespace}/openbaoclusters`, {
    apiVersion: 'openbao.org/v1alpha1',
    kind: 'OpenBaoCluster',
    metadata: { name },
    spec: { version: '2.5.5', profile: 'Development', tls: { enabled: false } },
  });
  await client.create(`${core}/secrets`, {
    metadata: { name: names(name).unsealKey },
    stringData: { [sealKeyName]: '0'.repeat(64) },
  });
  for (const ordinal of [0, 1, 2]) {
    const pod = `${name}-${ordinal}`;
    await client.create(`${core}/persistentvolumeclaims`, {
      metadata: {
        name: `data-${pod}`,
        labels,
        annotations: { 'rollguard.io/openbao-version': '2.5.5' },
      },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await client.create(`${core}/pods`, {
      metadata: { name: pod, labels },
      spec: {
        automountServiceAccountToken: false,
        containers: [{ name: 'openbao', image: 'openbao/openbao:2.5.5' }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `data-${pod}` } }],
      },
    });
    await client.request({
      method: 'PATCH',
      path: `${core}/pods/${pod}/status`,
      body: {
        status: {
          phase: 'Running',
          podIP: members.addressOf(index, ordinal),
          podIPs: [{ ip: members.addressOf(index, ordinal) }],
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [
            {
              name: 'openbao',
              ready: true,
              started: true,
              restartCount: 0,
              image: 'openbao/openbao:2.5.5',
              imageID: '',
              state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
            },
          ],
        },
      },
    });
  }
}

/** As the StatefulSet controller does with pods that have the names of its own. */
async function adoptPods(
  client: KubernetesClient,
  { name, uid }: { readonly name: string; readonly uid: string },
): Promise<void> {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid, controller: true };
  for (const ordinal of [0, 1, 2]) {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}-${ordinal}`;
    await client.request({ method: 'PATCH', path, body: { metadata: { ownerReferences: [owner] } } });
  }
}

/** Plays the StatefulSet controller, until every cluster says that it is Ready. */
async function untilAllAreReady(client: KubernetesClient): Promise<void> {
  const sets = `/apis/apps/v1/namespaces/${namespace}/statefulsets`;
  const revisions = { currentRevision: 'r1', updateRevision: 'r1' };
  const told = new Map<string, number>();
  for (let attempt = 0; ; attempt += 1) {
    const found = await client.list<{ metadata: { name: string; uid: string; generation: number } }>(sets);
    for (const { metadata } of found) {
      if (told.get(metadata.name) === metadata.generation) continue;
      if (!told.has(metadata.name)) await adoptPods(client, metadata);
      told.set(metadata.name, metadata.generation);
      const counts = {
        replicas: 3,
        readyReplicas: 3,
        currentReplicas: 3,
        updatedReplicas: 3,
        availableReplicas: 3,
      };
      const status = { observedGeneration: metadata.generation, ...counts, ...revisions };
      await client.request({ method: 'PATCH', path: `${sets}/${metadata.name}/status`, body: { status } });
    }
    const all = await client.list<Cluster>(
      `/apis/openbao.org/v1alpha1/namespaces/${namespace}/openbaoclusters`,
    );
    const ready = all.filter(({ status }) =>
      status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
    ).length;
    if (ready === clusters) return;
    if (attempt % 10 === 9) say(`  ${ready} of ${clusters} are Ready`);
    if (attempt > 600)
      throw new Error(
        `only ${ready} of ${clusters} clusters became Ready: ${JSON.stringify(all[0]?.status)}`,
      );
    await sleep(1_000);
  }
}

interface Requests {
  readonly reads: number;
  /** By resource and subresource. */
  readonly writes: ReadonlyMap<string, number>;
}

/** As the API server counts them. Renewing a lease, every 2 s, is what any controller does. */
async function requests(): Promise<Requests> {
  const { stdout } = await succeed(ground.kubectl(['get', '--raw', '/metrics']));
  let reads = 0;
  const writes = new Map<string, number>();
  for (const [, labels = '', value = '0'] of stdout.matchAll(
    /^apiserver_request_total\{([^}]*)\} (\S+)$/gm,
  )) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const [resource, subresource, verb] = [label('resource'), label('subresource'), label('verb')];
    if (resource === '' || resource === 'leases') continue;
    if (['GET', 'LIST'].includes(verb)) reads += Number(value);
    if (!['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE'].includes(verb)) continue;
    const what = subresource === '' ? resource : `${resource}/${subresource}`;
    writes.set(what, (writes.get(what) ?? 0) + Number(value));
  }
  return { reads, writes };
}

/** What was written between, by resource. */
function writesBetween(before: Requests, after: Requests): ReadonlyMap<string, number> {
  return new Map(
    [...after.writes]
      .map(([what, count]) => [what, count - (before.writes.get(what) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, each) => all + each, 0);
}

/** The Events and the last status of a start of all at once take their time. */
async function untilQuiet(): Promise<void> {
  for (let attempt = 0, before = await requests(); attempt < 60; attempt += 1) {
    await sleep(5_000);
    const now = await requests();
    if (sum(writesBetween(before, now)) === 0) return;
    before = now;
  }
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
