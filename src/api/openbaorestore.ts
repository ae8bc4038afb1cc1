import type { FromSchema } from 'json-schema-to-ts';
import { objectMeta } from './kubernetes-schemas.ts';
import type { ObjectMeta } from './kubernetes.ts';
import { openBaoRestoreSpec } from './openbaorestore-spec.ts';
import { openBaoRestoreStatus } from './openbaorestore-status.ts';
import { parser, shapeOf } from './parse.ts';
import type { StructuralSchema } from './structural.ts';

export { restorePhases } from './openbaorestore-status.ts';

/** The whole object below `apiVersion`, `kind` and `metadata`. */
export const openBaoRestore = {
  type: 'object',
  description:
    'OpenBaoRestore replaces all data of an OpenBaoCluster with a snapshot, once. The snapshot is verified first, the restore is confirmed by name, and then the members are repaired and restarted.',
  additionalProperties: false,
  required: ['spec'],
  properties: { spec: openBaoRestoreSpec, status: openBaoRestoreStatus },
} as const satisfies StructuralSchema;

export type OpenBaoRestoreSpec = FromSchema<typeof openBaoRestoreSpec>;
export type OpenBaoRestoreStatus = FromSchema<typeof openBaoRestoreStatus>;

/** An OpenBaoRestore (openbao.org/v1alpha1), the fields that we read. */
export interface OpenBaoRestore {
  readonly apiVersion: 'openbao.org/v1alpha1';
  readonly kind: 'OpenBaoRestore';
  readonly metadata: ObjectMeta;
  readonly spec: OpenBaoRestoreSpec;
  readonly status?: OpenBaoRestoreStatus;
}

/**
 * Reads an OpenBaoRestore as the API server sends it.
 *
 * @throws SchemaViolation naming a field that has another type than it must
 */
export const parseOpenBaoRestore = parser<OpenBaoRestore>(
  {
    type: 'object',
    required: ['metadata', 'spec'],
    properties: {
      metadata: objectMeta,
      spec: shapeOf(openBaoRestoreSpec),
      status: shapeOf(openBaoRestoreStatus),
    },
  },
  'OpenBaoRestore',
);
