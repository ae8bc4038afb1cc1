import type { OpenBaoCluster, OpenBaoClusterStatus, RollingUpgrade } from '../../api/openbaocluster.ts';
import type { ControllerSettings } from '../model/decision.ts';
import { isGreenBornOld } from '../version/upgrade-paths.ts';
import { effectiveImage } from '../workload/image.ts';
import { compareVersions, parseVersion } from '../version/version.ts';

/**
 * Where an upgrade leads. Another image of the same version is another target (docs/design.md, "Small decisions").
 */
export interface UpgradeTarget {
  readonly version: string;
  readonly image: string;
}

/** What spec asks for. */
export const wantedTarget = (
  { spec }: OpenBaoCluster,
  settings: Pick<ControllerSettings, 'imageRepository'>,
): UpgradeTarget => ({
  version: spec.version.replace(/^v/, ''),
  image: effectiveImage(spec, settings.imageRepository),
});

/** What the whole cluster runs; undefined before its leader has first reported a version. */
export function currentTarget(
  { currentVersion, image }: OpenBaoClusterStatus,
  settings: Pick<ControllerSettings, 'imageRepository'>,
): UpgradeTarget | undefined {
  if (currentVersion === undefined) return undefined;
  const version = currentVersion.replace(/^v/, '');
  return { version, image: image ?? effectiveImage({ version }, settings.imageRepository) };
}

export const sameTarget = (a: UpgradeTarget, b: UpgradeTarget): boolean =>
  a.version === b.version && a.image === b.image;

/** Whether `a` is an older version than `b`. What is no version is taken for older. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left.kind === 'unknown' || right.kind === 'unknown' || compareVersions(left.value, right.value) < 0;
}

/**
 * Whether `a` is an older version than one that sys/version-history records. It drops a prerelease: the record of
 * 2.7.0-rc.1 is 2.7.0 (docs/facts/openbao-2.6-measured.md, 0.9). So beside a record without one, `a`'s does not count.
 */
export function isOlderThanRecorded(a: string, recorded: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(recorded)];
  if (left.kind === 'unknown' || right.kind === 'unknown') return true;
  return right.value.parsed.prerelease.length === 0
    ? left.value.parsed.compareMain(right.value.parsed) < 0
    : compareVersions(left.value, right.value) < 0;
}

/** Whether two texts rank as the same version. */
export function isSameVersion(a: string, b: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left.kind === 'known' && right.kind === 'known' && compareVersions(left.value, right.value) === 0;
}

/** Whether this change of version is to be carried out by a green half. Restarts never are: they change nothing. */
export const isBlueGreen = (
  { spec }: OpenBaoCluster,
  { fromVersion, targetVersion, fromImage, targetImage }: RollingUpgrade,
): boolean =>
  spec.upgrade?.strategy === 'BlueGreen' && (fromVersion !== targetVersion || fromImage !== targetImage);

/** Whether the green half of this change of version starts as blue, and is upgraded in place once it votes. */
export function upgradesGreenInPlace({ fromVersion = '', targetVersion = '' }: RollingUpgrade): boolean {
  const [from, to] = [parseVersion(fromVersion), parseVersion(targetVersion)];
  return from.kind === 'known' && to.kind === 'known' && isGreenBornOld(from.value, to.value);
}
