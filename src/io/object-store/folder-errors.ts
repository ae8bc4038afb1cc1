import { defined } from '../../api/object-fields.ts';
import { StoreError, type StoreErrorReason } from './store-error.ts';

/** errno(3) of a file system, as a store's reasons. */
const reasons: Readonly<Record<string, StoreErrorReason>> = {
  ENOSPC: 'NoSpace',
  EDQUOT: 'NoSpace',
  EFBIG: 'NoSpace',
  EACCES: 'AccessDenied',
  EPERM: 'AccessDenied',
  EROFS: 'AccessDenied',
  EEXIST: 'AlreadyExists',
  ENOENT: 'NotFound',
  ENOTDIR: 'InvalidTarget',
  EISDIR: 'InvalidTarget',
  ENAMETOOLONG: 'InvalidTarget',
  EIO: 'Unreachable',
  ESTALE: 'Unreachable',
  ETIMEDOUT: 'Unreachable',
};

const remedies: Readonly<Partial<Record<StoreErrorReason, string>>> = {
  NoSpace: 'Remove old snapshots from the PersistentVolumeClaim, or enlarge it.',
  AccessDenied: 'Let the group of the Job (its fsGroup) write to the volume.',
  Unreachable: 'See whether the storage behind the PersistentVolumeClaim works.',
};

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** What went wrong in a folder. The guard's own reasons and StoreErrors stay as they are. */
export function folderError(error: unknown, folder: string, signal: AbortSignal): Error {
  if (error instanceof StoreError) return error;
  if (signal.aborted) return signal.reason as Error;
  const { code = '', message, path, syscall } = error as NodeJS.ErrnoException;
  // Not of the file system: the content's own error.
  if (syscall === undefined) return error as Error;
  if (path === folder) {
    return new StoreError('InvalidTarget', `the volume is not there: ${message}`, {
      cause: error,
      remedy: 'Correct spec.backup.target.claimName.',
    });
  }
  const reason = reasons[code] ?? 'Refused';
  const remedy = remedies[reason];
  return new StoreError(reason, `the volume at ${folder}: ${message}`, {
    cause: error,
    ...defined({ remedy }),
  });
}
