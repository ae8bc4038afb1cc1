import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import type { Ground } from '../cluster/contract.ts';
import { findBinaries } from '../cluster/components.ts';

/** What a command said. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs commands as a person types them, in bash, with kubectl on this ground. */
export async function shellOn(ground: Ground): Promise<(command: string) => Promise<Said>> {
  const { paths } = await findBinaries(['kubectl'], () => {});
  const PATH = `${dirname(paths.kubectl)}:${process.env['PATH']}`;
  return (command) =>
    new Promise((resolve, reject) => {
      const child = spawn('bash', ['-c', command], {
        env: { ...process.env, PATH, KUBECONFIG: ground.kubeconfig },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
}
