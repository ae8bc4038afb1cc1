import { compareVersions, parseVersion, type Version } from './version.ts';

/** A way from one version to another that is known to end badly. */
interface KnownBadPath {
  /** As `spec.upgrade.strategy` names it. */
  readonly strategy: string;
  /** What runs is older than this; a prerelease of it is. */
  readonly fromBelow: string;
  /** The target is this or newer, however new; a prerelease of it counts as it. */
  readonly to: string;
  /** What happens: a clause. */
  readonly why: string;
}

/**
 * All that are known. An entry has no upper end: what was not tried with a newer version is taken for as bad
 * (docs/facts/openbao-operator.md, 7.2).
 */
export const knownBadPaths: readonly KnownBadPath[] = [
  {
    strategy: 'BlueGreen',
    fromBelow: '2.6.0',
    to: '2.6.0',
    // openbao/openbao pull request 2458
    why: 'members before 2.6 and members from 2.6 on cannot exchange their health (an internal service was renamed), so the green pods would never be promoted',
  },
];

/** The entry that an upgrade by this strategy falls under; never one to the version that runs. */
export function knownBadPath(strategy: string, from: Version, to: Version): KnownBadPath | undefined {
  if (compareVersions(from, to) === 0) return undefined;
  return knownBadPaths.find(
    (path) =>
      path.strategy === strategy &&
      compareVersions(from, read(path.fromBelow)) < 0 &&
      compareVersions(to, read(`${path.to}-0`)) >= 0,
  );
}

function read(text: string): Version {
  const version = parseVersion(text);
  if (version.kind === 'unknown')
    throw new Error(`the table of upgrade paths has ${text}, which ${version.cause}`);
  return version.value;
}
