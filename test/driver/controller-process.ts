import { pino } from 'pino';
import { controllerConfig } from '../../src/config.ts';
import { runController } from '../../src/controller.ts';
import { applyEffect } from '../../src/io/apply.ts';

/**
 * The controller as a process of its own outside the cluster. `CRASH_AFTER=n` ends it as SIGKILL does, right
 * after its n-th effect; `CRASH_BEFORE=n` right before it.
 */
const { CRASH_AFTER, CRASH_BEFORE, KUBECONFIG = '', STATUS_PORT = '' } = process.env;
let effects = 0;

const crash = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
};

const config = controllerConfig({
  statusPort: STATUS_PORT,
  serviceAccount: 'rollguard-controller',
  lease: 'rollguard-controller',
  concurrency: '4',
  imageRepository: 'openbao/openbao',
  executorImage: 'rollguard:dev',
  deadline: (process.env['DEADLINES'] ?? '').split(',').filter((each) => each !== ''),
  kubeconfig: KUBECONFIG,
  logLevel: 'info',
});

await runController(config, pino(), {
  async applyEffect(tools, cluster, effect) {
    effects += 1;
    if (effects === Number(CRASH_BEFORE)) await crash();
    await applyEffect(tools, cluster, effect);
    if (effects === Number(CRASH_AFTER)) await crash();
  },
});
