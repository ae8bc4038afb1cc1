import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  ObjectStore,
  StoreCredentials,
  StoredObject,
  StoreLimits,
  StoreOptions,
  StoreTarget,
} from './contract.ts';
import { folderError, isMissing } from './folder-errors.ts';
import { segmentsOf } from './key.ts';
import { measure } from './measure.ts';
import { probeStore } from './probe.ts';
import { chunksUntilAborted, guardAgainstStall, untilAborted, type StallGuard } from './stall-guard.ts';
import { StoreError } from './store-error.ts';

const readBytes = 256 * 1024;
/** Milliseconds that tidying up after a failure may take. */
const tidyMs = 2_000;

/** A folder, on which a PersistentVolumeClaim is mounted. Keys are paths below it. */
export function openFolder(
  target: StoreTarget,
  credentials: StoreCredentials,
  { stallMs }: StoreLimits,
): ObjectStore {
  const { folder = '' } = credentials;
  if (folder === '') {
    throw new StoreError('InvalidTarget', 'no folder is mounted for spec.backup.target.claimName', {
      remedy: 'Name the PersistentVolumeClaim there.',
    });
  }
  const pathOf = (key: string) => join(folder, ...segmentsOf(key));

  /** A call that ends when the file system hangs: what it hangs in cannot be taken back. */
  async function guarded<T>(
    { signal }: StoreOptions = {},
    work: (guard: StallGuard) => Promise<T>,
  ): Promise<T> {
    const what = `the volume at ${folder} did nothing for ${stallMs / 1000} s`;
    const guard = guardAgainstStall(stallMs, () => new StoreError('Stalled', what), signal);
    const working = (async () => work(guard))();
    try {
      return await untilAborted(working, guard.signal);
    } catch (error) {
      // It tidies up after itself where it can.
      await Promise.race([working.catch(() => {}), delay(tidyMs, undefined, { ref: false })]);
      throw folderError(error, folder, guard.signal);
    } finally {
      guard.end();
    }
  }

  const store: ObjectStore = {
    put: (key, content, options) =>
      guarded(options, (guard) => writeFile(folder, pathOf(key), content, guard)),
    async *get(key, options) {
      const opening = open(pathOf(key), 'r');
      const handle = await guarded(options, () => opening).catch((error: unknown) => {
        closeQuietly(opening);
        throw error;
      });
      try {
        for (;;) {
          const buffer = Buffer.allocUnsafe(readBytes);
          const { bytesRead } = await guarded(options, () => handle.read(buffer, 0, readBytes));
          if (bytesRead === 0) return;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        closeQuietly(opening);
      }
    },
    head: (key, options) =>
      guarded(options, async () => {
        const found = await statOf(pathOf(key));
        if (found === undefined) return undefined;
        return { size: found.size, modifiedAt: found.mtime.toISOString() };
      }),
    remove: (key, options) => guarded(options, () => rm(pathOf(key), { force: true })),
    probe: (options) => probeStore(store, target, options),
    close: () => Promise.resolve(),
  };
  return store;
}

/** Not awaited: a file system that hangs may hang here too. */
function closeQuietly(opening: Promise<FileHandle>): void {
  void opening.then((handle) => handle.close()).catch(() => {});
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Writes under another name first, so that a file under this one is whole and on the disk. */
async function writeFile(
  root: string,
  path: string,
  content: AsyncIterable<Uint8Array>,
  guard: StallGuard,
): Promise<StoredObject> {
  // Not made here: without the volume, the container's own disk would be written to.
  await stat(root);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${randomUUID()}.partial`;
  try {
    const written = await writeAll(unfinished, content, guard);
    guard.signal.throwIfAborted();
    await give(unfinished, path);
    await sync(folder);
    return written;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function writeAll(
  path: string,
  content: AsyncIterable<Uint8Array>,
  guard: StallGuard,
): Promise<StoredObject> {
  const { chunks, result } = measure(chunksUntilAborted(content, guard.signal));
  const handle = await open(path, 'wx', 0o640);
  try {
    for await (const chunk of chunks) {
      guard.progressed();
      await handle.writeFile(chunk);
      guard.progressed();
    }
    await handle.sync();
    return result();
  } finally {
    await handle.close();
  }
}

/** Gives the file its name, which must be free: link(2) fails where rename(2) overwrites. */
async function give(unfinished: string, path: string): Promise<void> {
  try {
    await link(unfinished, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    // A file system without hard links: the name is taken first, then filled.
    await (await open(path, 'wx')).close();
    await rename(unfinished, path);
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
