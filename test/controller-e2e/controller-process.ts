import { Command } from 'commander';
import { runController } from '../../src/commands/run-controller.ts';
import { controllerCommand } from '../../src/commands/controller.ts';
import { applyEffect, applyObjectEffect } from '../../src/io/kubernetes/apply.ts';

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

/** Counts an effect, and crashes where it is to. */
async function around(effect: () => Promise<void>): Promise<void> {
  effects += 1;
  const own = effects;
  if (own === Number(CRASH_BEFORE)) await crash();
  await effect();
  if (own === Number(CRASH_AFTER)) await crash();
}

const program = new Command().addCommand(
  controllerCommand((config, logger) =>
    runController(config, logger, {
      applyEffect: (tools, cluster, effect) => around(() => applyEffect(tools, cluster, effect)),
      applyObjectEffect: (client, effect) => around(() => applyObjectEffect(client, effect)),
      applyRestoreEffect: around,
    }),
  ),
);
await program.parseAsync();
