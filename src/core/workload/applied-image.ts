import type { StatefulSet } from '../../api/kubernetes.ts';
import { appliedImageAnnotation } from '../../api/labels.ts';
import { serverContainer } from '../model/names.ts';
import { imageOf } from '../model/server-container.ts';
import { mayBeSpelling } from '../version/image-reference.ts';

/**
 * The image of a StatefulSet's template, as it was asked for: admission may have spelled it otherwise, with a digest
 * or a mirror's name (V3). What somebody else has written there counts as it is, and so does what is no spelling.
 */
export function appliedImage(set: StatefulSet): string | undefined {
  const image = imageOf(set.spec?.template?.spec);
  const asked = set.metadata.annotations?.[appliedImageAnnotation];
  const isSpelling = asked !== undefined && image !== undefined && mayBeSpelling(asked, image);
  return isSpelling && !isImageOfOthers(set) ? asked : image;
}

/**
 * Whether somebody has written the image by a request of their own. What admission changes in ours stays ours in
 * managedFields (docs/facts/admission-measured.md, section 4).
 */
function isImageOfOthers({ metadata }: StatefulSet): boolean {
  const { managedFields = [] } = metadata as { readonly managedFields?: readonly { fieldsV1?: unknown }[] };
  const container = `k:{"name":"${serverContainer}"}`;
  const image = ['f:spec', 'f:template', 'f:spec', 'f:containers', container, 'f:image'];
  const asked = ['f:metadata', 'f:annotations', `f:${appliedImageAnnotation}`];
  return managedFields.some(({ fieldsV1 }) => owns(fieldsV1, image) && !owns(fieldsV1, asked));
}

function owns(fields: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (typeof fields !== 'object' || fields === null || !Object.hasOwn(fields, first)) return false;
  return owns((fields as Readonly<Record<string, unknown>>)[first], rest);
}
