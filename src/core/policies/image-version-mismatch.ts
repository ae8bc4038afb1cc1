import { addsToVersion, parseImageReference, tagVersion } from '../version/image-reference.ts';
import { parseVersion, reportedVersion } from '../version/version.ts';
import { printable } from '../model/printable.ts';
import { isCurrentVersion } from './cluster-operation.ts';
import { changesImage, changesVersion, storedStatus, type ClusterRequest } from './cluster-request.ts';
import { violation, warning, type Policy, type Violation } from './policy.ts';

/**
 * The tag of spec.image, where it says a version, says that of spec.version, prerelease
 * and build metadata included; also beside a digest. Where it says none, it changes together
 * with spec.version.
 *
 * Guards: OpenBaoCluster CREATE, UPDATE.
 * Allows: no image; a digest alone; with a warning, for then spec.version is all that is known, a tag that is not a
 * version, or that is the version and a suffix which OpenBao never gave (-r1, -arm64, -ubi). Such a suffix in
 * spec.version warns too: no server says it, and the check of the image before an upgrade would stop there.
 * Source: specification, page 004 ("conflicting image/version inputs are rejected").
 */
export const imageVersionMismatch: Policy<ClusterRequest> = {
  id: 'image-version-mismatch',
  changes,
  evaluate(request) {
    const { spec } = request.object;
    const version = parseVersion(spec.version);
    // invalid-version speaks of it.
    if (version.kind === 'unknown') return [];
    const { canonical } = version.value;
    const reported = reportedVersion(version.value);
    const unsaid = reported === canonical || !changes(request) ? [] : [neverSaid(canonical, reported)];
    if (spec.image === undefined || spec.image === '') return unsaid;
    const reference = parseImageReference(spec.image);
    // invalid-image-reference speaks of it.
    if (reference.kind === 'unknown') return unsaid;
    const { tag, digest } = reference.value;
    const kept = keptImage(request);
    if (kept !== undefined && tagVersion(tag ?? '') === undefined) return [kept];
    if (tag === undefined) {
      return digest === undefined
        ? [unproved(`spec.image "${spec.image}" has neither tag nor digest`, spec.version)]
        : unsaid;
    }
    const said = tagVersion(tag);
    if (said === undefined)
      return [unproved(`the tag "${tag}" of spec.image is not a version`, spec.version)];
    if (said.canonical === canonical) return unsaid;
    if (addsToVersion(tag, version.value))
      return [
        unproved(`the tag "${tag}" of spec.image has a suffix that no release of OpenBao has`, spec.version),
      ];
    const other = reportedVersion(said);
    return [
      violation(
        'ImageVersionMismatch',
        'spec.image',
        `the tag "${tag}" of spec.image is version ${said.canonical}, but spec.version is ${canonical}`,
        other === reported
          ? `set spec.version to ${other}, which such an image reports`
          : `set the tag of spec.image to ${reported.replace('+', '_')}, or remove spec.image; if ${other} is the version you want, set spec.version to it in the same apply`,
      ),
    ];
  },
};

function changes(request: ClusterRequest): boolean {
  return changesVersion(request) || changesImage(request);
}

/**
 * A change of version that leaves the image behind, where its text says no version: the StatefulSet stays as it is, no
 * pod is made anew, and what a node has of such a tag may be anything (V4). Undefined where nothing runs yet.
 */
function keptImage(request: ClusterRequest): Violation | undefined {
  const { spec } = request.object;
  const { currentVersion, image } = storedStatus(request);
  const { oldObject } = request;
  if (currentVersion === undefined || isCurrentVersion(spec.version, request) !== false) return undefined;
  // Another operator does not say which image runs: what is stored does, where it is what runs.
  const isStored = isCurrentVersion(oldObject?.spec.version ?? '', request) === true;
  const runs = image ?? (isStored ? oldObject?.spec.image : undefined);
  if (runs !== spec.image) return undefined;
  return violation(
    'ImageVersionMismatch',
    'spec.image',
    `spec.version is ${printable(spec.version)}, but spec.image stays "${printable(spec.image ?? '')}", from which ${printable(currentVersion)} runs: no pod would be replaced`,
    `set spec.image to a reference that only ${printable(spec.version)} has, by its tag or its digest, in the same apply; or set spec.version back to ${printable(currentVersion)}`,
  );
}

const neverSaid = (version: string, reported: string) =>
  warning(
    `no release of OpenBao is named ${version}: unless you build OpenBao yourself, its servers say ${reported}; set spec.version to ${reported}, and keep the suffix in the tag of spec.image`,
  );

const unproved = (what: string, version: string) =>
  warning(`${what}; that it runs ${version} is not verified`);
