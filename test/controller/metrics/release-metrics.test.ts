import { expect } from 'chai';
import { Registry } from 'prom-client';
import type { KubernetesObject } from '../../../src/api/kubernetes.ts';
import type { MetadataServices, MetadataServicesStatus } from '../../../src/api/metadataservices.ts';
import { releaseMetrics } from '../../../src/controller/metrics/release-metrics.ts';

const at = (time: string) => `2026-11-21T${time}Z`;
const now = Date.parse(at('08:05:00'));
const key = 'e6/sample1';
const of = 'namespace="e6",name="sample1"';

const services = (status?: MetadataServicesStatus): MetadataServices => ({
  apiVersion: 'e6data.io/v1alpha1',
  kind: 'MetadataServices',
  metadata: { name: 'sample1', namespace: 'e6' },
  spec: { storage: { imageTag: '1.1' }, schema: { imageTag: '1.2' } },
  ...(status === undefined ? {} : { status }),
});

type Record_ = NonNullable<MetadataServicesStatus['releaseHistory']>[number];
const record = (version: string, status: Record_['status'], more: Partial<Record_> = {}): Record_ => ({
  version,
  strategy: 'blue',
  storageTag: '1.1',
  schemaTag: '1.2',
  timestamp: at('08:00:00'),
  status,
  ...more,
});
const pending = (version: string): NonNullable<MetadataServicesStatus['pending']> => ({
  version,
  strategy: 'green',
  inputs: '1-x',
  storageTag: '2',
  schemaTag: '2',
  startedAt: at('08:00:00'),
});

const seriesOf = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

async function scrape(...all: readonly MetadataServices[]): Promise<readonly string[]> {
  const registry = new Registry();
  releaseMetrics(
    registry,
    () => all as readonly KubernetesObject[],
    () => now,
  );
  return seriesOf(registry);
}

/** What is counted when one status follows another. */
async function counted(
  ...statuses: readonly (MetadataServicesStatus | undefined)[]
): Promise<readonly string[]> {
  const registry = new Registry();
  const changed = releaseMetrics(
    registry,
    () => [],
    () => now,
  );
  statuses.forEach((status, index) => {
    const old = index === 0 ? {} : { old: services(statuses[index - 1]) };
    changed({ key, ...old, new: services(status) });
  });
  return (await seriesOf(registry)).filter((line) => line.includes('_total'));
}

describe('metrics of releases', () => {
  it('say where a release is', async () => {
    const series = await scrape(
      services({
        deploymentPhase: 'Deploying',
        step: 'Grace',
        activeReleaseVersion: 'v1',
        releaseHistory: [record('v1', 'Active')],
        pending: pending('v2'),
      }),
    );
    expect(series).to.include.members([
      `rollguard_release_info{${of},version="v1",strategy="blue",storage_tag="1.1",schema_tag="1.2"} 1`,
      `rollguard_release_phase{${of},phase="Deploying"} 1`,
      `rollguard_release_phase{${of},phase="Stable"} 0`,
      `rollguard_release_step{${of},step="Grace"} 1`,
      `rollguard_release_step{${of},step="Watching"} 0`,
      `rollguard_release_paused{${of}} 0`,
      `rollguard_release_pending_seconds{${of}} 300`,
    ]);
  });

  it('say nothing that is not known', async () => {
    const series = (await scrape(services())).filter((line) => line.includes('namespace='));
    expect(series.filter((line) => !line.startsWith('rollguard_release_phase{'))).to.deep.equal([
      `rollguard_release_paused{${of}} 0`,
    ]);
    expect(series.filter((line) => line.endsWith(' 1'))).to.deep.equal([]);
  });

  it('count a release that serves', async () => {
    const lines = await counted(
      { releaseHistory: [record('v1', 'Active')], pending: pending('v2') },
      { releaseHistory: [record('v1', 'Superseded'), record('v2', 'Active')] },
    );
    expect(lines).to.deep.equal([`rollguard_release_ends_total{${of},outcome="succeeded"} 1`]);
  });

  it('count an automatic rollback with its reason, and none where nothing serves', async () => {
    const failed = record('v2', 'Failed', { reason: 'ImagePullBackOff' });
    expect(
      await counted(
        { activeReleaseVersion: 'v1', releaseHistory: [record('v1', 'Active')], pending: pending('v2') },
        { activeReleaseVersion: 'v1', releaseHistory: [record('v1', 'Active'), failed] },
      ),
    ).to.deep.equal([
      `rollguard_release_ends_total{${of},outcome="failed"} 1`,
      `rollguard_release_rollbacks_total{${of},trigger="automatic",reason="ImagePullBackOff"} 1`,
    ]);
    expect(await counted({ pending: pending('v2') }, { releaseHistory: [failed] })).to.deep.equal([
      `rollguard_release_ends_total{${of},outcome="failed"} 1`,
    ]);
  });

  it('count one that took the traffic back after the switch', async () => {
    const after = { activeReleaseVersion: 'v1' };
    expect(
      await counted(
        { releaseHistory: [record('v1', 'Superseded'), record('v2', 'Active')] },
        {
          ...after,
          releaseHistory: [record('v1', 'Active'), record('v2', 'Failed', { reason: 'CrashLoopBackOff' })],
        },
      ),
    ).to.deep.equal([
      `rollguard_release_ends_total{${of},outcome="failed"} 1`,
      `rollguard_release_rollbacks_total{${of},trigger="automatic",reason="CrashLoopBackOff"} 1`,
    ]);
  });

  it('count a rollback that a person asked for, when it serves or when it gave up what was under way', async () => {
    expect(
      await counted(
        { releaseHistory: [record('v1', 'Active')], pending: pending('v2') },
        { releaseHistory: [record('v1', 'Superseded'), record('v2', 'Active', { rollbackTo: 'v0' })] },
      ),
    ).to.include(`rollguard_release_rollbacks_total{${of},trigger="manual",reason="Requested"} 1`);
    expect(
      await counted(
        { releaseHistory: [record('v1', 'Active')], pending: pending('v2') },
        { releaseHistory: [record('v1', 'Active'), record('v2', 'Failed', { reason: 'Aborted' })] },
      ),
    ).to.deep.equal([
      `rollguard_release_ends_total{${of},outcome="aborted"} 1`,
      `rollguard_release_rollbacks_total{${of},trigger="manual",reason="Requested"} 1`,
    ]);
  });

  it('count nothing that ended before it was seen, and nothing twice', async () => {
    const done = { releaseHistory: [record('v1', 'Active'), record('v2', 'Failed', { reason: 'NotReady' })] };
    expect(await counted(done, done)).to.deep.equal([]);
    expect(await counted({}, done), 'a history that was rebuilt').to.deep.equal([]);
  });
});
