import { setDefaultHighWaterMark } from 'node:stream';
import type { Logger } from 'pino';
import { servingCertificate } from '../../certs/serving.ts';
import { webhookMetrics } from '../../webhooks/metrics.ts';
import { routes } from '../../webhooks/routes.ts';
import { startServer } from '../../webhooks/server.ts';
import type { WebhookConfig } from './config.ts';
import { aborted } from '../controller/runtime/clock.ts';
import { admissionFacts } from '../io/kubernetes/admission-facts.ts';
import { connect, type KubernetesClient } from '../io/kubernetes/kubernetes.ts';
import { shutdownSignal } from './shutdown-signal.ts';
import { watchRejections } from './unhandled-rejections.ts';

/** `rollguard webhook`: serves until SIGTERM or SIGINT, then drains. */
export async function runWebhook(config: WebhookConfig, logger: Logger): Promise<void> {
  // What each connection holds of a body that waits for its turn: one TLS record, not four. An https.Server cannot be
  // told; its option highWaterMark reaches no TLS socket.
  setDefaultHighWaterMark(false, 16 * 1024);
  const ending = shutdownSignal();
  const client = connect({ kubeconfig: config.kubeconfig });
  const metrics = webhookMetrics(routes.map(({ path }) => path));
  // It goes on: each review stands alone, and one that breaks something must not take the gate from all others.
  const endWatch = watchRejections({ registry: metrics.registry, logger });
  const certificate = servingCertificate({
    source: certificateSource(config, client),
    logger,
    observe: metrics.certificateRead,
  });
  try {
    await certificate.start(ending);
    const server = await startServer({
      port: config.port,
      statusPort: config.statusPort,
      certificate: certificate.current(),
      routes,
      context: {
        facts: admissionFacts(client),
        trustedControllers: config.trustedControllers,
        enforce: config.enforce,
      },
      metrics,
      logger,
    });
    certificate.onChange(server.useCertificate);
    logger.info({ port: server.port, statusPort: server.statusPort, enforce: config.enforce }, 'serving');
    await aborted(ending);
    logger.info({}, 'draining');
    await server.close();
  } catch (error) {
    if (!ending.aborted) throw error;
  } finally {
    await certificate.stop();
    await client.close();
    endWatch();
  }
}

function certificateSource(
  { tlsDir, tlsSecret, namespace, service, configuration }: WebhookConfig,
  client: KubernetesClient,
): Parameters<typeof servingCertificate>[0]['source'] {
  if (tlsDir !== undefined) return { kind: 'files', directory: tlsDir };
  return {
    kind: 'secret',
    client,
    secret: { namespace, name: tlsSecret },
    service,
    webhookConfigurations: { validating: [configuration], mutating: [configuration], namespace },
  };
}
