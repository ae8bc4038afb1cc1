import { readFile } from 'node:fs/promises';
import { env } from 'node:process';
import { openBaoClusterSpec } from '../api/openbaocluster-spec.ts';
import { parser } from '../api/parse.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { openStore, StoreError, type ObjectStore, type StoreTarget } from '../io/object-store.ts';
import { SnapshotError } from '../io/snapshot/error.ts';
import type { Deadline } from './context.ts';
import { done, failed } from './report.ts';

/** The flags about the store. */
export interface StoreFlags {
  /** `spec.backup.target` as JSON. */
  readonly target?: string;
  readonly storeCaFile?: string;
  /** For a claim: where it is mounted. */
  readonly storeFolder?: string;
}

const parseTarget = parser<StoreTarget>(
  openBaoClusterSpec.properties.backup.properties.target,
  'spec.backup.target',
);

/** Opens the store for one piece of work. Credentials are in the environment, as every S3 client reads them. */
export async function withStore(
  flags: StoreFlags,
  work: (store: ObjectStore) => Promise<ExecutorReport>,
): Promise<ExecutorReport> {
  try {
    const target = parseTarget(JSON.parse(flags.target ?? '{}'));
    const ca = flags.storeCaFile === undefined ? undefined : await readFile(flags.storeCaFile, 'utf8');
    const store = openStore(target, {
      accessKeyId: env['AWS_ACCESS_KEY_ID'],
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'],
      sessionToken: env['AWS_SESSION_TOKEN'],
      ca,
      folder: flags.storeFolder,
    });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreError || error instanceof SnapshotError)
      return failed(error.reason, error.message);
    throw error;
  }
}

/** Whether a snapshot can be stored: puts, reads and removes a small object. */
export async function probeStore(store: ObjectStore, deadline: Deadline): Promise<ExecutorReport> {
  await store.probe({ signal: signalOf(deadline) });
  return done('StoreReady', 'the store took, gave back and removed an object');
}

/** Fires when the deadline passes. */
export const signalOf = (deadline: Deadline): AbortSignal =>
  AbortSignal.any([deadline.signal, AbortSignal.timeout(Math.ceil(deadline.left()))]);
