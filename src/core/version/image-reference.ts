import { defined } from '../../api/object-fields.ts';
import { known, unknown, type Known } from '../model/known.ts';
import { printable } from '../model/printable.ts';
import { remembered } from '../model/remembered.ts';
import { isOpenBaoPrerelease, parseVersion, reportedVersion, type Version } from './version.ts';

/** A container image reference, by the grammar of distribution/reference. */
interface ImageReference {
  /** `registry.example:5000`, `[::1]:5000`; absent when the default registry is meant. */
  readonly domain?: string;
  readonly path: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

const domainForm =
  /^(?:\[[0-9a-fA-F:]{2,39}\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]+)?$/;
const pathComponentForm = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const longestPath = 255;
/** Hexadecimal digits of each digest algorithm that registries and container runtimes know. */
const digestLengths: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

/**
 * Reads an image reference as container runtimes do (distribution/reference,
 * `ParseNormalizedNamed`).
 *
 * @returns unknown where the text is not one: why, a clause for a sentence about it
 */
export const parseImageReference = remembered((text: string): Known<ImageReference> => {
  // It could not be told from an image ID; beside a tag or a digest it can.
  if (/^[0-9a-f]{64}$/.test(text)) return unknown('is an image ID, not a name');
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  const beforeDigest = at === -1 ? text : text.slice(0, at);
  // A colon after the last slash starts the tag; before it, it starts a registry's port.
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const tag = colon === -1 ? undefined : beforeDigest.slice(colon + 1);
  const name = colon === -1 ? beforeDigest : beforeDigest.slice(0, colon);

  const error = nameError(name) ?? tagError(tag) ?? digestError(digest);
  if (error !== undefined) return unknown(error);
  const domain = domainOf(name);
  return known({
    ...defined({ domain }),
    path: domain === undefined ? name : name.slice(domain.length + 1),
    ...defined({ tag, digest }),
  });
});

/**
 * Where an image comes from, spelled out: registry and repository, without tag and digest. What is no reference is
 * its own repository.
 */
export function imageRepository(image: string): string {
  const reference = parseImageReference(image);
  if (reference.kind === 'unknown') return image;
  const { domain = 'docker.io', path } = reference.value;
  if (domain !== 'docker.io' && domain !== 'index.docker.io') return `${domain}/${path}`;
  return `docker.io/${path.includes('/') ? path : `library/${path}`}`;
}

/**
 * The version that a tag says, if it says one. A tag cannot hold `+`, so its first `_` stands for
 * one (docs/design.md, "Small decisions").
 */
export function tagVersion(tag: string): Version | undefined {
  const version = parseVersion(tag.replace('_', '+'));
  return version.kind === 'known' ? version.value : undefined;
}

/**
 * The version that an image says by its tag, if it says one. A tag with a suffix that is none of OpenBao's own
 * (`2.5.5-r1`, `2.5.5-ubi`) proves nothing.
 */
export function imageVersion(image: string): Version | undefined {
  const reference = parseImageReference(image);
  if (reference.kind === 'unknown' || reference.value.tag === undefined) return undefined;
  const version = tagVersion(reference.value.tag);
  return version === undefined || reportedVersion(version) !== version.canonical ? undefined : version;
}

/**
 * Whether a tag is the version and more, where the more is no prerelease of OpenBao: `2.5.5-r1`, `2.5.5_r1` and
 * `2.5.5-arm64` of 2.5.5. Vendors and builds for one architecture are named so; their servers say 2.5.5.
 */
export function addsToVersion(tag: string, { canonical }: Version): boolean {
  const plain = tag.replace(/^v/, '');
  const said = canonical.replace('+', '_');
  return (
    plain.startsWith(said) &&
    /^[-_]/.test(plain.slice(said.length)) &&
    !isOpenBaoPrerelease(plain.slice(said.length + 1))
  );
}

/**
 * Whether an image may be another spelling of the one that was asked for, as a mutating webhook makes it: the tag or
 * the digest that was asked for stays, a digest may have come to it, and its place may be a mirror's. A person can
 * mean another image by such a name, so who has written it is asked too (src/core/workload/stateful-set.ts).
 */
export function mayBeSpelling(asked: string, image: string): boolean {
  const [a, b] = [parseImageReference(asked), parseImageReference(image)];
  if (a.kind === 'unknown' || b.kind === 'unknown') return asked === image;
  const { tag, digest } = a.value;
  if (digest !== undefined) return b.value.digest === digest;
  const wanted = tag ?? 'latest';
  return (b.value.tag ?? (b.value.digest === undefined ? 'latest' : wanted)) === wanted;
}

/** The first part is a registry when it looks like a host: a dot, a port, brackets, capitals, or `localhost`. */
function domainOf(name: string): string | undefined {
  const slash = name.indexOf('/');
  if (slash === -1) return undefined;
  const first = name.slice(0, slash);
  return /[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase() ? first : undefined;
}

function nameError(name: string): string | undefined {
  if (name === '') return 'names no repository';
  const domain = domainOf(name);
  if (domain !== undefined && !domainForm.test(domain))
    return `has no valid registry host in "${printable(domain)}"`;
  const path = domain === undefined ? name : name.slice(domain.length + 1);
  if (path.length > longestPath) return `has a repository longer than ${longestPath} characters`;
  const wrong = path.split('/').find((component) => !pathComponentForm.test(component));
  if (wrong !== undefined) {
    return wrong === ''
      ? 'has an empty part between slashes'
      : `has "${printable(wrong)}" in its repository, where only lower-case letters, digits and single . _ - between them may stand`;
  }
  return undefined;
}

function tagError(tag: string | undefined): string | undefined {
  if (tag === undefined || tagForm.test(tag)) return undefined;
  return tag === ''
    ? 'has an empty tag'
    : `has the tag "${printable(tag)}", which is not letters, digits, . _ - (at most 128)`;
}

function digestError(digest: string | undefined): string | undefined {
  if (digest === undefined) return undefined;
  const [algorithm = '', hex = '', ...rest] = digest.split(':');
  const length = digestLengths.get(algorithm);
  if (length === undefined) return `has a digest of the unknown algorithm "${printable(algorithm)}"`;
  if (rest.length > 0 || hex.length !== length || !/^[0-9a-f]+$/.test(hex)) {
    return `has a ${algorithm} digest that is not ${length} lower-case hexadecimal digits`;
  }
  return undefined;
}
