import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { verifySnapshot, type VerifiedSnapshot } from '../io/snapshot/archive.ts';
import { SnapshotError } from '../io/snapshot/error.ts';
import type { Deadline } from './context.ts';
import { done, failed } from './report.ts';
import { signalOf } from './store.ts';

/** A snapshot in a store. */
export interface StoredSnapshot {
  readonly store: ObjectStore;
  /** Its key. */
  readonly name: string;
  /** The sum that it must have, hexadecimal. */
  readonly sha256?: string | undefined;
}

/**
 * Reads a snapshot from its store to the end and checks all that can be checked without the seal key. Nothing
 * is changed anywhere. The report's data says what it is.
 */
export async function verifyStored(snapshot: StoredSnapshot, deadline: Deadline): Promise<ExecutorReport> {
  const { store, name } = snapshot;
  const signal = signalOf(deadline);
  const found = await store.head(name, { signal });
  if (found === undefined) {
    return failed('SnapshotMissing', `the store has no ${name}. Correct the name: it is the whole key.`);
  }
  try {
    const verified = await verifySnapshot(store.get(name, { signal }));
    const { size, sha256, index, servers } = verified;
    const wrong = whyAnother(verified, snapshot);
    if (wrong !== undefined) return failed('WrongSnapshot', wrong);
    const nonVoters = servers.filter(({ voter }) => !voter).map(({ id }) => id);
    return done('SnapshotVerified', `${name}, ${size} bytes up to index ${index}, is intact`, {
      name,
      size,
      sha256,
      index,
      storedAt: found.modifiedAt,
      nonVoters,
    });
  } catch (error) {
    if (error instanceof SnapshotError) return failed(error.reason, unusable(error, name));
    throw error;
  }
}

/** Why it is not the snapshot that was meant; undefined when it is. */
export function whyAnother({ sha256 }: VerifiedSnapshot, wanted: StoredSnapshot): string | undefined {
  if (wanted.sha256 === undefined || wanted.sha256.toLowerCase() === sha256) return undefined;
  return `${wanted.name} has the SHA-256 sum ${sha256}, not ${wanted.sha256}. It is another snapshot than was meant, or was changed; name the right one.`;
}

/** What is wrong with a snapshot that is to be restored. */
export const unusable = ({ what }: SnapshotError, name: string): string =>
  `${name} cannot be restored: ${what}. Restore another snapshot.`;
