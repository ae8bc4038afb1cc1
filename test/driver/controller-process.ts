import { Command } from 'commander';
import { runController } from '../../src/controller.ts';
import { controllerCommand } from '../../src/controller-command.ts';
import { applyEffect } from '../../src/io/apply.ts';

/**
 * A program with `rollguard controller` alone, that crashes: `CRASH_AFTER=n` ends it as SIGKILL does, right after its n-th effect;
 * `CRASH_BEFORE=n` right before it.
 */
const { CRASH_AFTER, CRASH_BEFORE } = process.env;
let effects = 0;

const crash = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
};

const program = new Command().addCommand(
  controllerCommand((config, logger) =>
    runController(config, logger, {
      async applyEffect(tools, cluster, effect) {
        effects += 1;
        if (effects === Number(CRASH_BEFORE)) await crash();
        await applyEffect(tools, cluster, effect);
        if (effects === Number(CRASH_AFTER)) await crash();
      },
    }),
  ),
);
await program.parseAsync();
