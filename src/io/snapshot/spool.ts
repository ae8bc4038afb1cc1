import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { chunksUntilAborted, guardAgainstStall } from '../object-store/stall-guard.ts';
import { StoreError } from '../object-store/store-error.ts';
import { SnapshotError } from './error.ts';

/** A snapshot on this machine's disk, in a file without a name: it goes with the process, however that ends. */
interface Spool {
  /** From the beginning, as often as asked. */
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

interface SpoolOptions {
  readonly directory: string;
  /** Milliseconds in which the source must send something. */
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Opens the stream of a snapshot. It should end with the signal. */
export type SnapshotSource = (
  signal: AbortSignal,
) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

const readBytes = 256 * 1024;

/** Writes what the source sends to a file. @throws SnapshotError when the source or the disk fails */
export async function spoolSnapshot(
  source: SnapshotSource,
  { directory, stallMs, signal }: SpoolOptions,
): Promise<Spool> {
  const file = await openUnnamed(directory);
  const stalled = () => new SnapshotError('SourceStalled', `OpenBao sent nothing for ${stallMs / 1000} s`);
  const guard = guardAgainstStall(stallMs, stalled, signal);
  try {
    for await (const chunk of chunksUntilAborted(opened(source, guard.signal), guard.signal)) {
      guard.pause();
      await file.writeFile(chunk).catch((error: unknown) => {
        throw diskError(error, directory);
      });
      guard.progressed();
    }
  } catch (error) {
    await file.close();
    // A store says itself what is wrong with it.
    if (error instanceof SnapshotError || error instanceof StoreError) throw error;
    if (guard.signal.aborted) throw guard.signal.reason;
    const { message } = error as Error;
    throw new SnapshotError('SourceFailed', `OpenBao broke off its snapshot: ${message}`, { cause: error });
  } finally {
    guard.end();
  }
  return { read: () => readAll(file), close: () => file.close() };
}

async function* opened(source: SnapshotSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* await source(signal);
}

async function openUnnamed(directory: string): Promise<FileHandle> {
  const path = join(directory, `snapshot-${randomUUID()}`);
  try {
    const file = await open(path, 'wx+', 0o600);
    await rm(path);
    return file;
  } catch (error) {
    throw diskError(error, directory);
  }
}

async function* readAll(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    const buffer = Buffer.allocUnsafe(readBytes);
    const { bytesRead } = await file.read(buffer, 0, readBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function diskError(error: unknown, directory: string): SnapshotError {
  const { message } = error as Error;
  return new SnapshotError('SpoolFailed', `the spool ${directory} cannot take the snapshot: ${message}`, {
    cause: error,
  });
}
