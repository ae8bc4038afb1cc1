import type { ObjectStore, StoreCredentials, StoreLimits, StoreTarget } from './object-store/contract.ts';
import { openFolder } from './object-store/folder.ts';
import { openS3 } from './object-store/s3.ts';
import { StoreError } from './object-store/store-error.ts';

export type {
  ObjectStore,
  StoreCredentials,
  StoreOptions,
  StoreTarget,
  StoredObject,
} from './object-store/contract.ts';
export { StoreError } from './object-store/store-error.ts';

const defaultLimits: StoreLimits = { connectMs: 10_000, stallMs: 30_000, partBytes: 8 * 1024 * 1024 };

/**
 * The store that `spec.backup.target` names. Nothing is sent yet.
 *
 * @throws StoreError `InvalidTarget` or `WrongCredentials` when something is missing
 */
export function openStore(
  target: StoreTarget,
  credentials: StoreCredentials,
  limits: Partial<StoreLimits> = {},
): ObjectStore {
  const all = { ...defaultLimits, ...limits };
  switch (target.provider) {
    case 's3':
      return openS3(target, credentials, all);
    case 'pvc':
      return openFolder(target, credentials, all);
    case undefined:
      throw new StoreError('InvalidTarget', 'spec.backup.target.provider is missing', {
        remedy: 'Write s3 or pvc there.',
      });
    default:
      return target.provider satisfies never;
  }
}
