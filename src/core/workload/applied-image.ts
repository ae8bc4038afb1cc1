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
 * Whether the image of the template is what we asked for last, and ours by managedFields. Others may have written the
 * same one too; another one they have alone.
 */
export function isImageOurs(set: StatefulSet): boolean {
  const image = imageOf(set.spec?.template?.spec);
  const asked = set.metadata.annotations?.[appliedImageAnnotation];
  if (asked === undefined || image === undefined || !mayBeSpelling(asked, image)) return false;
  const writers = imageWriters(set);
  return writers.length === 0 || writers.some(({ isUs }) => isUs);
}

/**
 * Whether somebody has written the image by a request of their own. What admission changes in ours stays ours in
 * managedFields (docs/facts/admission-measured.md, section 4).
 */
const isImageOfOthers = (set: StatefulSet): boolean => imageWriters(set).some(({ isUs }) => !isUs);

/** Who have written the image of the template, by managedFields; we alone write what we asked for beside it. */
export function imageWriters({ metadata }: StatefulSet): readonly ImageWriter[] {
  const { managedFields = [] } = metadata as { readonly managedFields?: readonly ManagedFields[] };
  const container = `k:{"name":"${serverContainer}"}`;
  const image = ['f:spec', 'f:template', 'f:spec', 'f:containers', container, 'f:image'];
  const asked = ['f:metadata', 'f:annotations', `f:${appliedImageAnnotation}`];
  return managedFields
    .filter(({ fieldsV1 }) => owns(fieldsV1, image))
    .map(({ manager = '', fieldsV1 }) => ({ manager, isUs: owns(fieldsV1, asked) }));
}

interface ImageWriter {
  readonly manager: string;
  readonly isUs: boolean;
}

interface ManagedFields {
  readonly manager?: string;
  readonly fieldsV1?: unknown;
}

function owns(fields: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (typeof fields !== 'object' || fields === null || !Object.hasOwn(fields, first)) return false;
  return owns((fields as Readonly<Record<string, unknown>>)[first], rest);
}
