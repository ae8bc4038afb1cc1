import { randomBytes } from 'node:crypto';
import type { KubernetesObject, PersistentVolumeClaim } from '../../api/kubernetes.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { decideCluster } from '../../core/cluster/decide.ts';
import type { ControllerSettings, Effect } from '../../core/model/decision.ts';
import type { ClusterSecrets, Observation } from '../../core/model/observation.ts';
import { withPinnedGreen, withPinnedTemplate } from '../../core/upgrade/rolling/pinned-template.ts';
import { withInitialized } from '../../core/model/cluster-ids.ts';
import { known, unknown } from '../../core/model/known.ts';
import { operationUnderWay } from '../../core/restore/under-way.ts';
import { isApplied } from '../../core/workload/drift.ts';
import { setsOfMembers } from '../../core/workload/inputs.ts';
import { greenNames, liveNames } from '../../core/model/members.ts';
import { render } from '../../core/workload/render.ts';
import type { applyEffect, EffectTools } from '../../io/kubernetes/apply.ts';
import { childComparison } from '../../io/kubernetes/children.ts';
import { readEndpointPorts } from '../../io/kubernetes/endpoint-ports.ts';
import { fencedClient } from '../../io/kubernetes/fenced-client.ts';
import { readIssuer } from '../../io/kubernetes/issuer.ts';
import type { KubernetesClient } from '../../io/kubernetes/kubernetes.ts';
import type { Logger } from '../../io/logger.ts';
import { observe, type ObserverOfOpenBao } from '../../io/observe.ts';
import { rejectedApplies, type RejectedApplies } from '../../io/kubernetes/rejected-applies.ts';
import { ttlCache } from '../../io/ttl-cache.ts';
import { readRoom } from '../../io/kubernetes/capacity.ts';
import { keyOf } from '../runtime/cache.ts';
import { systemClock } from '../runtime/clock.ts';
import { openBaoClusterKind, type ClusterWatch } from './cluster-watch.ts';
import type { EventRecorder } from '../runtime/events.ts';
import type { ControllerMetrics } from '../runtime/metrics.ts';
import { silence } from '../runtime/silence.ts';
import { reconciler } from '../runtime/reconciler.ts';
import type { Controller } from '../runtime/run.ts';
import { statusClient } from '../runtime/status.ts';

interface OpenBaoClusterOptions {
  readonly client: KubernetesClient;
  readonly watch: ClusterWatch;
  readonly settings: ControllerSettings;
  readonly openbao: ObserverOfOpenBao;
  /** Makes the Secrets of a cluster, and looks after them. */
  readonly secrets: {
    inspect(cluster: OpenBaoCluster): Promise<ClusterSecrets>;
    /** The rest, through this client alone. */
    toolsOf(client: KubernetesClient): Omit<EffectTools, 'client'>;
  };
  readonly apply: typeof applyEffect;
  readonly concurrency: number;
  readonly events: EventRecorder;
  /** Told of each observation, for the metrics. */
  readonly observed: (observation: Observation) => void;
  readonly metrics: ControllerMetrics;
  readonly logger: Logger;
}

const name = 'openbaocluster';
const minute = 60_000;

/** The controller of OpenBaoClusters: the one loop, with what it reads, decides and does about them. */
export function openBaoClusterController(options: OpenBaoClusterOptions): Controller {
  const { client, watch, settings, secrets } = options;
  const { caches } = watch;
  const children = childComparison(client, caches, isApplied);
  const issuer = ttlCache(() => readIssuer(client), 10 * minute);
  const endpointPorts = ttlCache(() => readEndpointPorts(client), minute);
  const locks = silence(systemClock);
  const { restores } = watch;
  const restoresUnderWay = ({ namespace, name: own }: { namespace: string; name: string }) =>
    restores.isSynced() || restores.isMissing()
      ? known(restores.inGroup(`${namespace}/${own}`).flatMap((each) => operationUnderWay(each) ?? []))
      : unknown('the OpenBaoRestores have not been read yet');
  const refused = rejectedApplies();
  watch.clusters.onChange(({ key, new: current }) => {
    if (current !== undefined) return;
    children.forget(key);
    refused.forget(key);
    locks.forget(key);
  });
  const drifted = async (cluster: OpenBaoCluster, claims: readonly PersistentVolumeClaim[]) => {
    const { namespace = '', name: own = '' } = cluster.metadata;
    const { statefulSet: live } = liveNames(cluster);
    const green = greenNames(cluster)?.statefulSet;
    const statefulSet = caches.statefulSet({ namespace, name: live });
    const greenStatefulSet = green === undefined ? undefined : caches.statefulSet({ namespace, name: green });
    const sets = setsOfMembers(cluster, {
      claims,
      statefulSet,
      greenStatefulSet,
      issuer: await issuer.get(''),
      endpointPorts: await endpointPorts.get(''),
      settings,
    });
    const rendered = render(sets).map((child) => {
      const { status = {} } = cluster;
      if (child.metadata?.name === live)
        return withPinnedTemplate(child, statefulSet, withInitialized(status, claims));
      return child.metadata?.name === green ? withPinnedGreen(child, greenStatefulSet, status) : child;
    });
    return children.drifted(`${namespace}/${own}`, rendered);
  };
  const observing = {
    caches,
    made: watch.made,
    now: () => systemClock.now(),
    openbao: options.openbao,
    secrets: (cluster: OpenBaoCluster) => secrets.inspect(cluster),
    namespace: (namespace: string) => {
      const [again] = refused.retryable(namespace, [labelling(namespace)]);
      const found = watch.namespaces.get(namespace);
      if (found !== undefined && again !== undefined) return Promise.resolve(found);
      const why = found === undefined ? 'it is not seen' : 'the API server refused to label it a moment ago';
      return Promise.reject(new Error(why));
    },
    issuer: () => issuer.get(''),
    room: (cluster: OpenBaoCluster) => readRoom(client, cluster),
    restoresUnderWay,
    lockUnchangedMs: (cluster: OpenBaoCluster) => locks.see(keyOf(cluster), cluster.status?.operationLock),
    drifted,
  };
  return {
    name,
    concurrency: options.concurrency,
    sources: watch.sources,
    reconcile: reconciler({
      controller: name,
      resources: watch.clusters,
      ...statusClient<KubernetesObject>(client, openBaoClusterKind),
      async observe(stored) {
        const observation = withRefusals(await observe(observing, stored), refused, keyOf(stored));
        options.observed(observation);
        return observation;
      },
      decide: (observation, context) =>
        decideCluster(observation, { ...context, settings, newNonce: randomBytes(16).toString('hex') }),
      async apply(effect, stored, fence) {
        const acting = watch.made.noting(fencedClient(client, fence));
        const tools: EffectTools = { ...secrets.toolsOf(acting), client: acting };
        try {
          await options.apply(tools, stored as OpenBaoCluster, effect);
        } catch (error) {
          const object = refusableOf(effect);
          if (object === undefined) throw error;
          refused.note(
            object.kind === 'Namespace' ? (object.metadata?.name ?? '') : keyOf(stored),
            object,
            error,
          );
        }
      },
      record: options.events.record,
      logger: options.logger,
      metrics: options.metrics,
    }),
  };
}

/** What the API server refused a moment ago is told and left alone, so that it does not keep the rest from being done. */
function withRefusals(observation: Observation, refused: RejectedApplies, key: string): Observation {
  const { drifted } = observation;
  if (drifted.kind === 'unknown') return observation;
  return {
    ...observation,
    refused: refused.among(key, drifted.value),
    drifted: known(refused.retryable(key, drifted.value)),
  };
}

/** Stands for the label on a namespace, which a policy of the platform may refuse. */
const labelling = (namespace: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace },
});

/** What the API server may refuse without harm to the rest: a child, and the label of the namespace. */
function refusableOf(effect: Effect): KubernetesObject | undefined {
  if (effect.kind === 'apply') return effect.object;
  return effect.kind === 'patch' && effect.target.kind === 'Namespace'
    ? labelling(effect.target.name)
    : undefined;
}
