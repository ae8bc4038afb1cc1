import type { KubernetesObject } from '../../api/kubernetes.ts';
import { observeJob } from '../../core/jobs/job-outcome.ts';
import type { MadeJob } from '../../core/jobs/record.ts';
import type { ObservedJob } from '../../core/model/observation.ts';
import type { ClusterKey } from './admission-facts.ts';
import type { ClusterCaches } from './cluster-caches.ts';
import type { KubernetesClient } from './kubernetes.ts';

/** Which Jobs this process has made: the API server's own answer says so, before a status does. */
export interface MadeJobs {
  /** A client that remembers the Jobs that it makes. */
  noting<Client extends Pick<KubernetesClient, 'create'>>(client: Client): Client;
  has(uid: string | undefined): boolean;
}

/** Older ones stand in a status long since. */
const mostRemembered = 10_000;

export function madeJobs(): MadeJobs {
  const uids = new Set<string>();
  const note = (uid: string) => {
    uids.add(uid);
    for (const oldest of uids) {
      if (uids.size <= mostRemembered) return;
      uids.delete(oldest);
    }
  };
  return {
    noting: (client) => ({
      ...client,
      async create<T>(...call: Parameters<KubernetesClient['create']>): Promise<T> {
        const created = await client.create<T>(...call);
        const { kind, metadata } = created as KubernetesObject;
        if (kind === 'Job' && metadata?.uid !== undefined) note(metadata.uid);
        return created;
      },
    }),
    has: (uid) => uid !== undefined && uids.has(uid),
  };
}

/**
 * The Jobs of a cluster, each with what its pod said. One that neither this process has made nor a status records is
 * not proved to be ours.
 *
 * @param recorded by the statuses that tell of Jobs of this cluster
 */
export function observeJobs(
  caches: Pick<ClusterCaches, 'jobs' | 'pods'>,
  key: ClusterKey,
  made: Pick<MadeJobs, 'has'>,
  recorded: readonly MadeJob[],
  now: number,
): readonly ObservedJob[] {
  const uids = new Set(recorded.map(({ uid }) => uid));
  const pods = caches.pods(key);
  return caches.jobs(key).map((job) => {
    const { uid = '' } = job.metadata;
    const isOurs = made.has(uid) || uids.has(uid);
    return { ...observeJob(job, pods, now), ...(isOurs ? {} : { isUnproved: true }) };
  });
}
