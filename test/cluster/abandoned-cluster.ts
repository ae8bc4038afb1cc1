import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { GroundSize } from './contract.ts';
import { isRunning, waitUntilEnded, identify, type ProcessIdentity } from '../support/processes.ts';
import { readRecord, type GroundRecord } from './state.ts';

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
