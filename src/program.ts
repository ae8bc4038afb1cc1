import { Command, Option } from 'commander';
import { pino } from 'pino';
import { reviewCommand } from './cli/review.ts';
import {
  ConfigError,
  controllerConfig,
  deadlineNames,
  webhookConfig,
  type ControllerFlags,
  type WebhookFlags,
} from './config.ts';

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

program
  .command('controller')
  .description('carry out what OpenBaoClusters ask for, one safe step at a time')
  .option('--status-port <number>', 'plain HTTP port of /metrics, /healthz and /readyz', '8080')
  .option('--namespace <name>', 'namespace of its Lease and its ServiceAccount (default: its own)')
  .option(
    '--service-account <name>',
    'its ServiceAccount, as which it reads from OpenBao',
    'rollguard-controller',
  )
  .option('--lease <name>', 'Lease that its replicas compete for', 'rollguard-controller')
  .option('--concurrency <number>', 'clusters worked on at a time', '8')
  .option(
    '--image-repository <name>',
    "repository of OpenBao's image, for clusters without spec.image",
    'openbao/openbao',
  )
  .option('--executor-image <image>', 'image of its Jobs (default: that of its own pod)')
  .option(
    '--deadline <phase=seconds>',
    `after how long waiting becomes a hold, for ${deadlineNames.join(', ')} (repeatable)`,
    (deadline: string, deadlines: readonly string[]) => [...deadlines, deadline],
    [],
  )
  .option('--kubeconfig <file>', 'how to reach the API server (default: as in a pod)')
  .addOption(logLevel())
  .action(async (flags: ControllerFlags) => {
    const config = controllerConfig(flags);
    const { runController } = await import('./controller.ts');
    await runController(config, pino({ level: config.logLevel }));
  });

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

function logLevel(): Option {
  return new Option('--log-level <level>', 'what is logged')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info');
}

function fail(message: string): never {
  process.stderr.write(`rollguard: ${message}\n`);
  process.exit(2);
}
