import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../packaging/command.ts';
import type { Ground } from './contract.ts';

/**
 * Cuts a pod off from everything: what comes from or goes to its address is dropped. Only on a ground of this
 * machine, inside its network namespace.
 *
 * @returns joins it again
 */
export async function cutPod(ground: Ground, namespace: string, pod: string): Promise<() => Promise<void>> {
  const { stdout } = await ground.kubectl([
    '-n',
    namespace,
    'get',
    'pod',
    pod,
    '-o',
    'jsonpath={.status.podIP}',
  ]);
  const table = `cut_${pod.replaceAll('-', '_')}`;
  const nft = (script: string) =>
    mustRun('nsenter', [`--target=${firstProcess(ground)}`, '--net', '--', 'nft', script]);
  await nft(
    `table inet ${table} { chain forward { type filter hook forward priority -10; ip saddr ${stdout} drop; ip daddr ${stdout} drop; }; chain output { type filter hook output priority -10; ip daddr ${stdout} drop; }; }`,
  );
  return async () => {
    await nft(`delete table inet ${table}`);
  };
}

function firstProcess({ directory }: Ground): number {
  const { processes } = JSON.parse(readFileSync(join(directory, 'ground.json'), 'utf8')) as {
    readonly processes: Readonly<Record<string, { readonly pid: number }>>;
  };
  const pid = processes['first process']?.pid;
  if (pid === undefined) throw new Error('the ground has no namespaces of its own');
  return pid;
}
