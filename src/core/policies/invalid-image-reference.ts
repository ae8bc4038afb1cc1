import { printable } from '../model/printable.ts';
import { parseImageReference } from '../version/image-reference.ts';
import { changesImage, type ClusterRequest } from './cluster-request.ts';
import { violation, type Policy } from './policy.ts';

/**
 * spec.image must be an image reference.
 *
 * Guards: OpenBaoCluster CREATE, UPDATE.
 * Allows: no image, which means the default image of the version.
 * Source: the grammar of distribution/reference, which container runtimes use;
 * specification, page 004 ("image alignment … rejected before orchestration begins").
 */
export const invalidImageReference: Policy<ClusterRequest> = {
  id: 'invalid-image-reference',
  changes: changesImage,
  evaluate({ object: { spec } }) {
    if (spec.image === undefined || spec.image === '') return [];
    const reference = parseImageReference(spec.image);
    if (reference.kind === 'known') return [];
    return [
      violation(
        'InvalidImageReference',
        'spec.image',
        `spec.image "${printable(spec.image)}" ${reference.cause}`,
        `write it as [registry[:port]/]repository[:tag][@digest], or remove it to use openbao/openbao:${printable(spec.version)}`,
      ),
    ];
  },
};
