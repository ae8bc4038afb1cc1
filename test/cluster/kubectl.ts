import { join } from 'node:path';
import { runCommand } from '../../packaging/command.ts';
import type { Ground } from './contract.ts';

/** Longer than it waits itself, so that it comes to say what for. */
function patienceMs(args: readonly string[]): number {
  const [seconds = 50] = args.flatMap((arg) => /^--timeout=(\d+)s$/.exec(arg)?.slice(1).map(Number) ?? []);
  return Math.max(60, seconds + 10) * 1000;
}

/** The ground's `kubectl`: the binary, bound to the ground's kubeconfig and a cache of its own. */
export function kubectlFor(binary: string, kubeconfig: string, directory: string): Ground['kubectl'] {
  return (args, options = {}) =>
    runCommand(binary, args, {
      env: {
        ...process.env,
        KUBECONFIG: options.kubeconfig ?? kubeconfig,
        KUBECACHEDIR: join(directory, 'kubectl-cache'),
        // It ends before garbage matters, and a quarter of its time would go into collecting it.
        GOGC: 'off',
        GOMEMLIMIT: '512MiB',
      },
      timeoutMs: options.timeoutMs ?? patienceMs(args),
      ...(options.input === undefined ? {} : { input: options.input }),
    });
}
