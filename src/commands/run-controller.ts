import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { clusterCertificates, type ClusterCertificates } from '../../certs/cluster-certificates.ts';
import type { Pod } from '../api/kubernetes.ts';
import type { OpenBaoCluster } from '../api/openbaocluster.ts';
import type { ControllerConfig } from './config.ts';
import { clusterMetrics } from '../controller/metrics/cluster-metrics.ts';
import { watchClusters } from '../controller/kinds/cluster-watch.ts';
import { eventRecorder } from '../controller/runtime/events.ts';
import { leaseElector } from '../controller/runtime/lease.ts';
import { watchServices } from '../controller/kinds/metadataservices-watch.ts';
import { metadataServicesController, servicesController } from '../controller/kinds/metadataservices.ts';
import { controllerMetrics } from '../controller/runtime/metrics.ts';
import { openBaoClusterController } from '../controller/kinds/openbaocluster.ts';
import { openBaoRestoreController, type OpenBaoRestoreOptions } from '../controller/kinds/openbaorestore.ts';
import { releaseMetrics } from '../controller/metrics/release-metrics.ts';
import { runControllers } from '../controller/runtime/run.ts';
import { defaultDeadlines, type ControllerSettings } from '../core/model/decision.ts';
import type { ClusterSecrets } from '../core/model/observation.ts';
import { defaultWindows } from '../core/release/decision.ts';
import { jwtAuth } from '../core/model/names.ts';
import { applyEffect, applyObjectEffect } from '../io/kubernetes/apply.ts';
import { readCa } from '../io/kubernetes/cluster-facts.ts';
import { requestToken } from '../io/kubernetes/issuer.ts';
import { connect, type KubernetesClient } from '../io/kubernetes/kubernetes.ts';
import { openBaoObserver } from '../io/openbao/observer.ts';
import { ttlCache } from '../io/ttl-cache.ts';
import { objectPath } from '../io/kubernetes/resources.ts';
import {
  createUnsealKey,
  deleteUnsealKey,
  inspectSealCredentials,
  inspectUnsealKey,
  keepUnsealKey,
} from '../io/kubernetes/unseal-key.ts';
import { shutdownSignal } from './shutdown-signal.ts';
import { watchRejections } from './unhandled-rejections.ts';

/** What a run can be changed by; tests crash it here. */
export interface ControllerHooks {
  /** Stands in for the carrying out of each effect. */
  readonly applyEffect?: typeof applyEffect;
  /** The same for MetadataServices. */
  readonly applyObjectEffect?: typeof applyObjectEffect;
  /** The same for the effects of restores. */
  readonly applyRestoreEffect?: OpenBaoRestoreOptions['apply'];
}

/** `rollguard controller`: drives the clusters and the releases until SIGTERM or SIGINT, then hands over. */
export async function runController(
  config: ControllerConfig,
  logger: Logger,
  hooks: ControllerHooks = {},
): Promise<void> {
  const broken = new AbortController();
  const ending = AbortSignal.any([shutdownSignal(), broken.signal]);
  const metrics = controllerMetrics(['openbaocluster', 'openbaorestore', metadataServicesController]);
  // It ends and begins anew: a watch or a pass may be broken off, and it would decide by what it no longer sees.
  const endWatch = watchRejections({
    registry: metrics.registry,
    logger,
    onRejection() {
      process.exitCode = 1;
      broken.abort();
    },
  });
  const client = connect({ kubeconfig: config.kubeconfig, onAnswer: metrics.answered });
  const identity = `${hostname()}_${randomUUID()}`;
  const events = eventRecorder({ client, logger, reportingInstance: identity.slice(0, 128) });
  const settings = await controllerSettings(config, client);
  const account = { namespace: config.namespace, name: config.serviceAccount };
  // One token for all clusters, renewed long before its end.
  const jwt = ttlCache(() => requestToken(client, account, jwtAuth.audience, 3600), 40 * 60_000);
  const openbao = openBaoObserver({
    ca: (cluster) => readCa(client, cluster),
    jwt: () => jwt.get(''),
  });
  const watch = watchClusters(client, logger);
  const { observed, changed } = clusterMetrics(metrics.registry, () => watch.clusters.values());
  watch.clusters.onChange(changed);
  watch.clusters.onChange(({ old, new: current }) => {
    if (current === undefined) openbao.forget(old?.metadata?.uid ?? '');
  });
  const services = watchServices(client, logger);
  services.services.onChange(releaseMetrics(metrics.registry, () => services.services.values()));
  const certificates = clusterCertificates(client);
  try {
    const controller = openBaoClusterController({
      client,
      watch,
      settings,
      openbao,
      secrets: {
        inspect: (cluster) => inspectSecrets(client, certificates, cluster),
        toolsOf: (acting) => ({
          createUnsealKey: (cluster) => createUnsealKey(acting, cluster),
          keepUnsealKey: (cluster, uid) => keepUnsealKey(acting, cluster, uid),
          deleteUnsealKey: (cluster, uid) => deleteUnsealKey(acting, cluster, uid),
          issueCertificates: (cluster) => clusterCertificates(acting).issue(cluster),
        }),
      },
      apply: hooks.applyEffect ?? applyEffect,
      concurrency: config.concurrency,
      events,
      observed,
      metrics,
      logger,
    });
    const restores = openBaoRestoreController({
      client,
      watch,
      settings,
      apply: hooks.applyRestoreEffect,
      events,
      metrics,
      logger,
    });
    const releases = servicesController({
      client,
      watch: services,
      settings: {
        imageRepository: config.servicesImageRepository,
        windows: defaultWindows,
        pollMs: 1_000,
        idlePollMs: 60_000,
      },
      apply: hooks.applyObjectEffect ?? applyObjectEffect,
      concurrency: config.concurrency,
      events,
      metrics,
      logger,
    });
    await runControllers(
      {
        controllers: [
          ...(config.kinds.includes('openbaoclusters') ? [controller, restores] : []),
          ...(config.kinds.includes('metadataservices') ? [releases] : []),
        ],
        elector: leaseElector({
          client,
          namespace: config.namespace,
          name: config.lease,
          identity,
          logger,
        }),
        leaseName: config.lease,
        events,
        metrics,
        logger,
        statusPort: config.statusPort,
        onListening: (port) => logger.info({ port }, 'serving metrics and probes'),
      },
      ending,
    );
  } finally {
    await openbao.close();
    await client.close();
    endWatch();
  }
}

async function controllerSettings(
  config: ControllerConfig,
  client: KubernetesClient,
): Promise<ControllerSettings> {
  return {
    imageRepository: config.imageRepository,
    executorImage: config.executorImage ?? (await ownImage(config, client)),
    controller: { namespace: config.namespace, serviceAccount: config.serviceAccount },
    deadlines: { ...defaultDeadlines, ...config.deadlines },
    pollMs: 500,
    idlePollMs: 60_000,
  };
}

/** @throws Error when it is neither told nor to be found */
async function ownImage({ pod, namespace }: ControllerConfig, client: KubernetesClient): Promise<string> {
  const path = (name: string) => objectPath({ apiVersion: 'v1', kind: 'Pod', namespace, name });
  const own = pod === undefined ? undefined : await client.get<Pod>(path(pod));
  const image = own?.spec?.containers?.[0]?.image;
  if (image === undefined)
    throw new Error(
      'the image of the executor is not known: name it with --executor-image, or give POD_NAME and the right to read that pod',
    );
  return image;
}

async function inspectSecrets(
  client: KubernetesClient,
  certificates: ClusterCertificates,
  cluster: OpenBaoCluster,
): Promise<ClusterSecrets> {
  const [unsealKey, credentials, state] = await Promise.all([
    inspectUnsealKey(client, cluster),
    inspectSealCredentials(client, cluster),
    certificates.inspect(cluster),
  ]);
  return { ...unsealKey, ...credentials, certificates: state };
}
