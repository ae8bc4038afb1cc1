import { StoreError } from './store-error.ts';

/**
 * The parts of a key between its slashes.
 *
 * @throws StoreError when a part is empty, `.` or `..`: URLs and folders would lead elsewhere
 */
export function segmentsOf(key: string): readonly string[] {
  const segments = key.split('/');
  const isPlain = segments.every((segment) => !['', '.', '..'].includes(segment) && !segment.includes('\0'));
  if (isPlain) return segments;
  throw new StoreError('InvalidTarget', `the name ${JSON.stringify(key)} cannot be a name of an object`, {
    remedy:
      'Write spec.backup.target.pathPrefix as names between single slashes, without a "." or ".." among them.',
  });
}
