import { Command } from 'commander';
import { controllerCommand } from './commands/controller.ts';
import { reviewCommand } from './commands/review.ts';
import { webhookCommand } from './commands/webhook.ts';
import { ConfigError } from './commands/config.ts';

/**
 * The program: one subcommand each, and nothing else. What the servers need is loaded when they are asked
 * for, so that `rollguard review` starts without them.
 */
const program = new Command('rollguard')
  .description(
    'Makes version changes of stateful clusters safe: a gate at admission, a controller that carries them out step by step, and a preview of what the gate says.',
  )
  .showHelpAfterError()
  .addCommand(reviewCommand())
  .addCommand(
    await loaded('status', 'say where a cluster is, what it waits for and what to do now', async () =>
      (await import('./commands/status.ts')).statusCommand(),
    ),
  )
  .addCommand(
    await loaded(
      'executor',
      "carry out one step in an OpenBao cluster; what the controller's Jobs run",
      async () => (await import('./commands/executor.ts')).executorCommand(),
    ),
  )
  .addCommand(webhookCommand())
  .addCommand(
    controllerCommand(async (config, logger) => {
      const { runController } = await import('./commands/run-controller.ts');
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
