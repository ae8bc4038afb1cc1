import jsonpatch from 'fast-json-patch';
import type { AdmissionResponse } from '../../../src/api/admission-review.ts';
import type { LooseObject, Review } from './reviews.ts';

/** The object as the API server would go on with it. */
export function patched({ request }: Review, { patch }: AdmissionResponse): LooseObject {
  const object = structuredClone(request.object!);
  if (patch === undefined) return object;
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as jsonpatch.Operation[];
  return jsonpatch.applyPatch(object, operations, true).newDocument;
}
