import { Command, Option } from 'commander';
import { pino } from 'pino';
import { webhookConfig, type WebhookFlags } from './config.ts';
import { logLevel } from './log-level.ts';

/** `rollguard webhook`, for the Deployment in manifests/gate. */
export function webhookCommand(): Command {
  return new Command('webhook')
    .description('serve the admission webhooks')
    .option('--port <number>', 'HTTPS port of the webhooks', '9443')
    .option('--status-port <number>', 'plain HTTP port of /metrics, /healthz and /readyz', '8080')
    .addOption(
      new Option('--enforce <mode>', 'what a violation does: deny, or only warn')
        .choices(['deny', 'warn'])
        .default('deny'),
    )
    .option(
      '--trusted-controller <user>',
      'user name of a controller that owns the clusters, system:serviceaccount:NAMESPACE:NAME (repeatable)',
      (user: string, users: readonly string[]) => [...users, user],
      [],
    )
    .option('--namespace <name>', "namespace of the gate's Service and Secret (default: its own)")
    .option('--service <name>', 'its Service', 'rollguard-webhook')
    .option('--tls-secret <name>', 'Secret that holds its certificates', 'rollguard-webhook-tls')
    .option(
      '--tls-dir <folder>',
      'take tls.crt and tls.key from here instead, and leave caBundle to whoever made them',
    )
    .option('--configuration <name>', 'its webhook configurations', 'rollguard')
    .option('--kubeconfig <file>', 'how to reach the API server (default: as in a pod)')
    .addOption(logLevel())
    .action(async (flags: WebhookFlags) => {
      const config = webhookConfig(flags);
      // Loaded now: no other subcommand needs it.
      const { runWebhook } = await import('./run-webhook.ts');
      await runWebhook(config, pino({ level: config.logLevel }));
    });
}
