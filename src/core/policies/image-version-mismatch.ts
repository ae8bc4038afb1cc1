import { parseImageReference, tagVersion } from '../version/image-reference.ts';
import { parseVersion } from '../version/version.ts';
import { changesImage, changesVersion, type ClusterRequest } from './cluster-request.ts';
import { violation, warning, type Policy } from './policy.ts';

/**
 * The tag of spec.image, where it says a version, says that of spec.version, prerelease
 * and build metadata included; also beside a digest.
 *
 * Guards: OpenBaoCluster CREATE, UPDATE.
 * Allows: no image; a digest alone; a tag that is not a version, with a warning, for then
 * spec.version is all that is known.
 * Source: specification, page 004 ("conflicting image/version inputs are rejected").
 */
export const imageVersionMismatch: Policy<ClusterRequest> = {
  id: 'image-version-mismatch',
  changes: (request) => changesVersion(request) || changesImage(request),
  evaluate(request) {
    const { spec } = request.object;
    if (spec.image === undefined || spec.image === '') return [];
    const reference = parseImageReference(spec.image);
    const version = parseVersion(spec.version);
    // invalid-image-reference and invalid-version speak of these.
    if (reference.kind === 'unknown' || version.kind === 'unknown') return [];
    const { tag, digest } = reference.value;
    const { canonical } = version.value;
    if (tag === undefined) {
      return digest === undefined
        ? [unproved(`spec.image "${spec.image}" has neither tag nor digest`, spec.version)]
        : [];
    }
    const said = tagVersion(tag);
    if (said === undefined)
      return [unproved(`the tag "${tag}" of spec.image is not a version`, spec.version)];
    if (said.canonical === canonical) return [];
    return [
      violation(
        'ImageVersionMismatch',
        'spec.image',
        `the tag "${tag}" of spec.image is version ${said.canonical}, but spec.version is ${canonical}`,
        `set the tag of spec.image to ${canonical.replace('+', '_')}, or remove spec.image; if ${said.canonical} is the version you want, set spec.version to it in the same apply`,
      ),
    ];
  },
};

const unproved = (what: string, version: string) =>
  warning(`${what}; that it runs ${version} is not verified`);
