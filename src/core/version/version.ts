import semver from 'semver';
import { known, unknown, type Known } from '../model/known.ts';
import { printableCharacter } from '../model/printable.ts';
import { remembered } from '../model/remembered.ts';

/** A semantic version. `text` is how it was written; `canonical` has no leading v but keeps build metadata. */
export interface Version {
  readonly text: string;
  readonly canonical: string;
  readonly parsed: semver.SemVer;
}

const longest = 128;
// ASCII only: \d with the u flag would not widen, but \s or a trim() would let invisible characters through.
const form = /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/**
 * Reads a semantic version (semver.org 2.0.0) with an optional leading `v`.
 *
 * @returns unknown where the text is not one: why, a clause for a sentence about it
 */
export const parseVersion = remembered((text: string): Known<Version> => {
  if (text.length > longest) return unknown(`is longer than ${longest} characters`);
  const [stranger] = /[^0-9A-Za-z.+-]/u.exec(text) ?? [];
  if (stranger !== undefined) return unknown(`holds the character ${printableCharacter(stranger)}`);
  if (!form.test(text)) return unknown(whyNotVersion(text));
  const parsed = semver.parse(text);
  // What the pattern lets through and semver does not: leading zeros, empty identifiers, numbers beyond 2^53.
  if (parsed === null) return unknown(whyNotVersion(text));
  // Beyond 2^53 JavaScript cannot tell neighbors apart, so their order would be a guess.
  const huge = parsed.prerelease.find(
    (part) => /^\d+$/.test(String(part)) && !Number.isSafeInteger(Number(part)),
  );
  if (huge !== undefined) return unknown(`holds the number ${huge}, which is too large to be put in order`);
  return known({ text, canonical: text.replace(/^v/, ''), parsed });
});

/** The version that a text is; undefined where it is none. */
export function versionOf(text: string | undefined): Version | undefined {
  const version = parseVersion(text ?? '');
  return version.kind === 'known' ? version.value : undefined;
}

/** @returns below 0 when `a` is older, above 0 when it is newer, 0 when they rank the same (build metadata has no rank) */
export function compareVersions(a: Version, b: Version): number {
  return semver.compare(a.parsed, b.parsed);
}

/**
 * The prerelease of a version where OpenBao names its own so: `rc.1`, `beta20251125`. What else stands there, `r1` or
 * `ubi`, its maintainers never gave: somebody has added it to the tag of an image.
 */
export function prereleaseOf({ parsed }: Version): string | undefined {
  const [own = ''] = parsed.prerelease.join('.').split('-', 1);
  return isOpenBaoPrerelease(own) ? own : undefined;
}

export const isOpenBaoPrerelease = (suffix: string): boolean =>
  /^(?:alpha|beta|rc|nightly|dev)(?![a-z])/.test(suffix);

/**
 * The version that a server says of itself where its image has this one in its name: without what OpenBao's
 * maintainers never gave. The text of the version itself where there is nothing of that.
 */
export function reportedVersion(version: Version): string {
  const { major, minor, patch, prerelease } = version.parsed;
  const own = prereleaseOf(version);
  if (prerelease.join('.') === (own ?? '')) return version.canonical;
  return `${major}.${minor}.${patch}${own === undefined ? '' : `-${own}`}`;
}

function whyNotVersion(text: string): string {
  const core = text.replace(/^v/, '').split(/[-+]/, 1)[0] ?? '';
  const parts = core.split('.');
  if (parts.some((part) => /^0\d/.test(part))) return 'has a number with a leading zero';
  if (parts.length !== 3 || parts.some((part) => !/^\d+$/.test(part))) {
    return `has ${parts.filter((part) => /^\d+$/.test(part)).length} of the three parts MAJOR.MINOR.PATCH`;
  }
  if (parts.some((part) => !Number.isSafeInteger(Number(part)))) return 'has a number that is too large';
  return 'has a prerelease or build part that is empty or starts with a zero';
}
