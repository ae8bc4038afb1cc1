import { Command, Option } from 'commander';
import { pino } from 'pino';
import { reviewCommand } from './cli/review.ts';
import { ConfigError, webhookConfig, type WebhookFlags } from './config.ts';
import { controllerCommand } from './controller-command.ts';
import { logLevel } from './log-level.ts';

/**
 * The program: one subcommand each, wires everything, nothing else. What the servers need
 * is loaded when they are asked for, so that `rollguard review` starts without them.
 */
const program = new Command('rollguard')
  .description(
    'Makes version changes of stateful clusters safe: a gate at admission, a controller that carries them out step by step, and a preview of what the gate says.',
  )
  .showHelpAfterError()
  .addCommand(reviewCommand())
  .addCommand(
    await loaded('status', 'say where a cluster is, what it waits for and what to do now', async () =>
      (await import('./cli/status.ts')).statusCommand(),
    ),
  )
  .addCommand(
    await loaded(
      'executor',
      "carry out one step in an OpenBao cluster; what the controller's Jobs run",
      async () => (await import('./executor/command.ts')).executorCommand(),
    ),
  );

program
  .command('webhook')
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
    const { runWebhook } = await import('./webhook.ts');
    await runWebhook(config, pino({ level: config.logLevel }));
  });

program.addCommand(
  controllerCommand(async (config, logger) => {
    const { runController } = await import('./controller.ts');
    await runController(config, logger);
  }),
);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  fail(error.message);
}

/** A subcommand whose modules are read only when it is asked for; else its line in the help. */
async function loaded(name: string, summary: string, load: () => Promise<Command>): Promise<Command> {
  return process.argv.includes(name) ? load() : new Command(name).summary(summary);
}

function fail(message: string): never {
  process.stderr.write(`rollguard: ${message}\n`);
  process.exit(2);
}
