import { timestamp } from '../model/time.ts';
import { fingerprint } from '../model/fingerprint.ts';

/**
 * The name of a new release: vYYYYMMDD-HHMMSS-<hash> (specification, page 003). Two of one second, even of the same
 * inputs, differ by the hash.
 *
 * @param now milliseconds since the epoch
 * @param taken names that are in use
 */
export function releaseVersion(now: number, inputs: string, taken: readonly string[]): string {
  const digits = timestamp(now).replaceAll(/[-:]/g, '').slice(0, 15).replace('T', '-');
  for (let attempt = 0; ; attempt++) {
    const version = `v${digits}-${fingerprint([inputs, attempt]).slice(0, 7)}`;
    if (!taken.includes(version)) return version;
  }
}
