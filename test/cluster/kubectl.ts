import { join } from 'node:path';
import { runCommand } from './command.ts';
import type { Ground } from './contract.ts';

/** The ground's `kubectl`: the binary, bound to the ground's kubeconfig and a cache of its own. */
export function kubectlFor(binary: string, kubeconfig: string, directory: string): Ground['kubectl'] {
  return (args, options = {}) =>
    runCommand(binary, args, {
      env: {
        ...process.env,
        KUBECONFIG: options.kubeconfig ?? kubeconfig,
        KUBECACHEDIR: join(directory, 'kubectl-cache'),
      },
      timeoutMs: options.timeoutMs ?? 60_000,
      ...(options.input === undefined ? {} : { input: options.input }),
    });
}
