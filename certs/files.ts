import { readFile } from 'node:fs/promises';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { faultOfPair, type KeyPair } from './material.ts';

/**
 * Reads `tls.crt` and `tls.key` of a directory, such as a mounted Secret that cert-manager fills.
 *
 * @throws Error when they are not there, or no pair: half-written, or read while they were being swapped
 */
export async function readFiles(directory: string): Promise<KeyPair> {
  const read = (name: string) => readFile(join(directory, name), 'latin1');
  const pair = { cert: await read('tls.crt'), key: await read('tls.key') };
  const fault = faultOfPair(pair);
  if (fault !== undefined) throw new Error(`${directory}: ${fault}`);
  return pair;
}

/**
 * Calls `changed` when something in the directory is written, renamed or, as Kubernetes does, another
 * directory takes its place behind a symbolic link. A hint and no more: without inotify nothing is called.
 *
 * @returns ends it
 */
export function watchDirectory(directory: string, changed: () => void): () => void {
  try {
    const watcher = watch(directory, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
