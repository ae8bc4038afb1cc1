import { isIP } from 'node:net';
import type { OpenBaoCluster } from '../src/api/openbaocluster.ts';
import { parseDuration } from '../src/core/model/duration.ts';
import { usesTls } from '../src/core/workload/configuration.ts';
import { names, podHost } from '../src/core/model/names.ts';
import type { KubernetesClient } from '../src/io/kubernetes/kubernetes.ts';
import { readClusterMaterial, writeClusterMaterial, type StoredClusterMaterial } from './cluster-secrets.ts';
import { decide, type Decision } from './decide.ts';
import { carryOut, serviceNames } from './issue.ts';
import { faultOfPair, readBundle, type Material } from './material.ts';
import { backdateMs, defaultSchedule, type Schedule } from './schedule.ts';

/** How the members' certificates are: `due` ones serve, and are to be renewed now. */
type CertificateState = 'valid' | 'due' | 'absent';

/** The certificates of OpenBao clusters: a CA and a leaf each, shared by all members. */
export interface ClusterCertificates {
  /**
   * Reads alone. Plain listeners are `valid`; external certificates `valid` or `absent`, because when to renew them
   * is their owner's to know.
   *
   * @throws ApiError
   */
  inspect(cluster: OpenBaoCluster): Promise<CertificateState>;
  /**
   * Takes the one step that is due, if any. External certificates and plain listeners: nothing.
   *
   * @throws ApiError; a conflict (409) when somebody was faster, which the next look resolves
   */
  issue(cluster: OpenBaoCluster): Promise<void>;
}

/** @param now milliseconds since the epoch */
export function clusterCertificates(
  client: KubernetesClient,
  now: () => number = Date.now,
): ClusterCertificates {
  return {
    async inspect(cluster) {
      if (!usesTls(cluster)) return 'valid';
      const stored = await readClusterMaterial(client, cluster);
      if (isExternal(cluster)) return isComplete(stored.material) ? 'valid' : 'absent';
      return stateAfter(next(cluster, stored.material, now()), stored);
    },
    async issue(cluster) {
      if (!usesTls(cluster) || isExternal(cluster)) return;
      const stored = await readClusterMaterial(client, cluster);
      const time = now();
      const decision = next(cluster, stored.material, time);
      if (decision.kind === 'keep') return;
      const made = await carryOut(decision, stored.material, { ...wanted(cluster), now: time });
      await writeClusterMaterial(client, cluster, stored, made);
    },
  };
}

const isExternal = ({ spec }: OpenBaoCluster) => spec.tls?.mode === 'External';

const isComplete = ({ leaf, caBundle }: Material) =>
  faultOfPair(leaf) === undefined && readBundle(caBundle) !== undefined;

function stateAfter(decision: Decision, { ca, server, material }: StoredClusterMaterial): CertificateState {
  if (decision.kind === 'keep') return 'valid';
  const serves = ca !== undefined && server !== undefined && isComplete(material);
  return serves && decision.kind !== 'reissueEverything' ? 'due' : 'absent';
}

const next = (cluster: OpenBaoCluster, material: Material, now: number): Decision =>
  decide(material, { ...wanted(cluster), now, publishedSince: publishedSince(material) });

/**
 * A CA is known to members and clients from the moment it stands in the Secret, which is when it is issued; the
 * schedule's overlap is for kubelets and clients to read it.
 */
function publishedSince({ caBundle }: Material): number | undefined {
  const [newest] = readBundle(caBundle) ?? [];
  return newest && newest.validFromDate.getTime() + backdateMs;
}

const wanted = (cluster: OpenBaoCluster) => ({ names: namesOf(cluster), schedule: scheduleOf(cluster) });

/** Every name by which a member is reached: of each pod, of the Services, from inside its pod, and what the user adds. */
function namesOf({ metadata, spec }: OpenBaoCluster): readonly string[] {
  const { name = '', namespace = '' } = metadata;
  const own = names(name);
  // One for pods that are still to come, too.
  const anyPod = podHost(name, namespace, '*');
  return [
    anyPod,
    `${anyPod}.cluster.local`,
    ...[own.headlessService, own.publicService, own.activeService].flatMap((service) =>
      serviceNames(service, namespace),
    ),
    'localhost',
    '127.0.0.1',
    '::1',
    ...(spec.tls?.extraSANs ?? []).filter(isName),
  ];
}

const label = '[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?';
const dnsName = new RegExp(`^([*][.])?${label}([.]${label})*$`);

/** What no certificate can carry would be missed at every look, and the certificate issued again each time. */
const isName = (text: string) => (isIP(text) !== 0 && !text.includes('%')) || dnsName.test(text);

const hourMs = 3_600_000;

/** A leaf lives at least twice as long as the time before its end at which it is replaced, a CA four times a leaf's life. */
function scheduleOf({ spec }: OpenBaoCluster): Schedule {
  const { leafLifetimeMs, caLifetimeMs, renewBelow } = defaultSchedule;
  const parsed = parseDuration(spec.tls?.rotationPeriod ?? '') ?? leafLifetimeMs * renewBelow;
  // Longer than ten years is no rotation; shorter than an hour would come too late.
  const before = Math.min(Math.max(parsed, hourMs), 10 * 365 * 24 * hourMs);
  const leaf = Math.max(leafLifetimeMs, 2 * before);
  return {
    ...defaultSchedule,
    leafLifetimeMs: leaf,
    caLifetimeMs: Math.max(caLifetimeMs, 4 * leaf),
    renewBelow: before / leaf,
  };
}
