import { parseVersion } from '../version/version.ts';
import type { Member } from '../model/observation.ts';

/**
 * Members before 2.6 and from 2.6 on neither pass requests on to each other nor hear each other's heartbeats: the
 * service for both has another name since, and no release up to 2.6.2 knows the other's
 * (docs/facts/openbao-2.6-measured.md, section 2). 2.6.3 is said to, which was not measured: it counts as those before.
 *
 * @returns undefined for what is no version
 */
export function isBeforeBreak(version: string): boolean | undefined {
  const parsed = parseVersion(version);
  if (parsed.kind === 'unknown') return undefined;
  // A prerelease counts as its release.
  const { major, minor } = parsed.value.parsed;
  return major < 2 || (major === 2 && minor < 6);
}

/** Whether two versions cannot work together as members of one cluster, but for Raft itself. */
export function areApart(a: string, b: string): boolean {
  const [first, second] = [isBeforeBreak(a), isBeforeBreak(b)];
  return first !== undefined && second !== undefined && first !== second;
}

/** Which members run versions that are apart, such as "prod-0 (2.5.5) and prod-2 (2.6.2)"; undefined when none do. */
export function mixOf(members: readonly Pick<Member, 'pod' | 'version'>[]): string | undefined {
  const named = (isBefore: boolean) =>
    members
      .filter(({ version }) => isBeforeBreak(version) === isBefore)
      .map(({ pod, version }) => `${pod} (${version})`)
      .join(', ');
  const [older, newer] = [named(true), named(false)];
  return older === '' || newer === '' ? undefined : `${older} and ${newer}`;
}
