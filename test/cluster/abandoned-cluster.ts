import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GroundSize } from './contract.ts';
import { isRunning, waitUntilEnded, identify, type ProcessIdentity } from '../support/processes.ts';
import { readRecord, removeLeftovers, type GroundRecord } from './state.ts';

/** What a killed owner leaves. */
export interface AbandonedGround {
  readonly directory: string;
  readonly record: GroundRecord;
  /** Those that ran until their owner was killed. */
  readonly processes: readonly ProcessIdentity[];
}

/** Starts a ground in a process of its own and kills that process with SIGKILL. */
export async function abandonGround(size: GroundSize): Promise<AbandonedGround> {
  // The process `npm run cluster -- up` leaves behind to own its ground.
  const owner = fork(join(import.meta.dirname, 'main.ts'), ['own', `--size=${size}`, '--network=ptp'], {
    stdio: 'ignore',
  });
  const directory = await new Promise<string>((resolve, reject) => {
    owner.on('message', (report: { kind: string; directory?: string; message?: string }) => {
      if (report.directory !== undefined) resolve(report.directory);
      if (report.kind === 'failed') reject(new Error(report.message));
    });
    owner.once('exit', (code) => reject(new Error(`the owner ended with ${code}`)));
  });
  const record = readRecord(directory);
  if (record === undefined) throw new Error(`${directory} holds no record`);
  const processes = Object.values(record.processes).filter(isRunning);
  const identity = identify(owner.pid ?? 0);
  owner.kill('SIGKILL');
  await waitUntilEnded([identity], 5000);
  return { directory, record, processes };
}

/**
 * Removes what killed owners left until this directory is gone: another process that starts a ground at the same
 * time removes it, too, and then either of the two is in the other's way.
 *
 * @throws Error with what was said on the last attempt
 */
export async function removeAbandoned(directory: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const told = await removeLeftovers();
    if (!existsSync(directory)) return;
    if (attempt === 100) throw new Error(`${directory} stays: ${told.join('; ')}`);
    await delay(200);
  }
}
