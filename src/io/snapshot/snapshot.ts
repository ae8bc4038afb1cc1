import type { ObjectStore, StoredObject, StoreOptions } from '../object-store.ts';
import { StoreError } from '../object-store.ts';
import { chunksUntilAborted } from '../object-store/stall-guard.ts';
import { verifySnapshot, type VerifiedSnapshot } from './archive.ts';
import { SnapshotError } from './error.ts';
import { spoolSnapshot, type SnapshotSource } from './spool.ts';

/** A verified snapshot in a store, as `status.backup.latestSnapshot` records it. */
export interface SnapshotRecord {
  /** Its key in the store. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Of the archive, hexadecimal. */
  readonly sha256: string;
  /** RFC 3339. */
  readonly takenAt: string;
  /** The OpenBao version that made it. */
  readonly version: string;
  /** The seal key that opens it. */
  readonly unsealKeyId: string;
  /** The Raft index it ends at. */
  readonly index: number;
}

export interface SnapshotOrder {
  /** Asks OpenBao for the snapshot. */
  readonly source: SnapshotSource;
  readonly store: ObjectStore;
  /** Where it goes. It must name the operation: what is there already counts as this operation's earlier try. */
  readonly key: string;
  /** A folder with room for one snapshot; nothing stays in it. */
  readonly spool: string;
  readonly version: string;
  readonly unsealKeyId: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds in which OpenBao must send something. Default 30 000. */
  readonly stallMs?: number;
  /** Ends it; the signal's reason is thrown then. Give it a deadline. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a snapshot: spools it, verifies it before anything is stored, stores it, reads it back and verifies that
 * too. What it stored is removed again when that fails. Called again with the same key, it verifies and reports
 * what the earlier try has stored.
 *
 * @throws SnapshotError or StoreError, whose message says what to do, or the signal's reason
 */
export async function takeSnapshot(order: SnapshotOrder): Promise<SnapshotRecord> {
  const { store, key, version, unsealKeyId, signal } = order;
  const made = (await earlierTry(store, key, { signal })) ?? (await make(order));
  const { size, sha256, index, takenAt } = made;
  return { name: key, size, sha256, takenAt, version, unsealKeyId, index };
}

type Made = VerifiedSnapshot & Pick<SnapshotRecord, 'takenAt'>;

/** What an earlier try has left; undefined when it is nothing, or was no whole snapshot and is removed. */
async function earlierTry(store: ObjectStore, key: string, options: StoreOptions): Promise<Made | undefined> {
  const found = await store.head(key, options).catch((error: unknown) => {
    // Who may not list a bucket is also denied what is not there.
    if (error instanceof StoreError && error.reason === 'AccessDenied') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  try {
    return { ...(await verifySnapshot(store.get(key, options))), takenAt: found.modifiedAt };
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    await store.remove(key, options);
    return undefined;
  }
}

async function make({
  source,
  store,
  key,
  spool,
  now,
  stallMs = 30_000,
  signal,
}: SnapshotOrder): Promise<Made> {
  const takenAt = new Date(now()).toISOString();
  const spooled = await spoolSnapshot(source, { directory: spool, stallMs, signal });
  try {
    const verified = await verifySnapshot(chunksUntilAborted(spooled.read(), signal));
    const stored = await store.put(key, spooled.read(), { signal });
    await readBack(store, key, [verified, stored], signal);
    return { ...verified, takenAt };
  } finally {
    await spooled.close();
  }
}

/** Milliseconds that removing what is not to be relied on may take. */
const tidyMs = 10_000;

/** Verifies what the store holds now, and removes it when it is not what was sent. */
async function readBack(
  store: ObjectStore,
  key: string,
  sent: readonly StoredObject[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const held = await verifySnapshot(store.get(key, { signal }));
    if (sent.every(({ sha256, size }) => held.sha256 === sha256 && held.size === size)) return;
    throw new SnapshotError(
      'ReadBackDiffers',
      `the store gives back another snapshot for ${key} than it was given`,
    );
  } catch (error) {
    // What went wrong is the news; a store that fails here as well cannot be tidied.
    await store.remove(key, { signal: AbortSignal.timeout(tidyMs) }).catch(() => {});
    throw error;
  }
}
