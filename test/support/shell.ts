import { spawn } from 'node:child_process';
import { anyKubectl } from '../cluster/foreign.ts';
import type { Ground } from '../cluster/test-cluster.ts';

/**
 * Runs a command of the documents as a person would, with the ground's kubectl and kubeconfig.
 *
 * @returns what it wrote
 * @throws Error with that, when it does not exit with 0
 */
export async function shell(command: string, ground: Ground): Promise<string> {
  const binary = await anyKubectl(() => {});
  return new Promise((resolve, reject) => {
    const script = `kubectl() { "$GROUND_KUBECTL" "$@"; }; ${command}`;
    const child = spawn('bash', ['-c', script], {
      env: { ...process.env, KUBECONFIG: ground.kubeconfig, GROUND_KUBECTL: binary },
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command}: ${output}`))));
  });
}
