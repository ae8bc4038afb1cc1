import type { FromSchema } from 'json-schema-to-ts';
import type { ObjectMeta } from './kubernetes.ts';
import { namesServices } from './fields.ts';
import { objectMeta } from './kubernetes-schemas.ts';
import { metadataServicesSpec } from './metadataservices-spec.ts';
import { metadataServicesStatus } from './metadataservices-status.ts';
import { parser, shapeOf } from './parse.ts';
import type { StructuralSchema } from './structural.ts';

export { defaultPorts } from './metadataservices-spec.ts';
export { metadataServicesStatus, releaseSteps, type Strategy } from './metadataservices-status.ts';

/** The whole object below `apiVersion`, `kind` and `metadata`. */
export const metadataServices = {
  type: 'object',
  description:
    'MetadataServices runs the metadata services storage and schema. Rollguard rolls out their releases blue-green, with automatic and manual rollback.',
  additionalProperties: false,
  required: ['spec'],
  'x-kubernetes-validations': namesServices,
  properties: { spec: metadataServicesSpec, status: metadataServicesStatus },
} as const satisfies StructuralSchema;

export type MetadataServicesSpec = FromSchema<typeof metadataServicesSpec>;
export type MetadataServicesStatus = FromSchema<typeof metadataServicesStatus>;
export type ReleaseRecord = NonNullable<MetadataServicesStatus['releaseHistory']>[number];
export type PendingRelease = NonNullable<MetadataServicesStatus['pending']>;

/** All of spec that decides what runs, as it was written. Replicas, windows and pause are not among it. */
export type ReleaseInputs = Pick<MetadataServicesSpec, 'storage' | 'schema'> &
  Partial<
    Pick<MetadataServicesSpec, 'imageRepository' | 'imagePullSecrets' | 'serviceAccountName' | 'config'>
  >;

/** A MetadataServices (e6data.io/v1alpha1), the fields that we read. */
export interface MetadataServices {
  readonly apiVersion: 'e6data.io/v1alpha1';
  readonly kind: 'MetadataServices';
  readonly metadata: ObjectMeta;
  readonly spec: MetadataServicesSpec;
  readonly status?: MetadataServicesStatus;
}

/** What a ControllerRevision keeps of a release: src/core/release/inputs.ts says what it means. */
const releaseSnapshot = {
  type: 'object',
  required: ['inputs', 'images'],
  properties: {
    inputs: metadataServicesSpec,
    images: {
      type: 'object',
      required: ['storage', 'schema'],
      properties: { storage: { type: 'string' }, schema: { type: 'string' } },
    },
  },
} as const satisfies StructuralSchema;

export interface ReleaseSnapshot {
  /** All of spec that decides what runs. */
  readonly inputs: ReleaseInputs;
  /** Images with their tags. */
  readonly images: { readonly storage: string; readonly schema: string };
}

/** @throws SchemaViolation when it is not what was kept */
export const parseReleaseSnapshot = parser<ReleaseSnapshot>(shapeOf(releaseSnapshot), 'release');

/** The status fields that rules read: beside another operator the rest is that operator's own. */
const { activeReleaseVersion, deploymentPhase, releaseHistory } = metadataServicesStatus.properties;

/**
 * Reads a MetadataServices as the API server sends it.
 *
 * @throws SchemaViolation naming a field that has another type than it must
 */
export const parseMetadataServices = parser<MetadataServices>(
  {
    type: 'object',
    required: ['metadata', 'spec'],
    properties: {
      metadata: objectMeta,
      spec: shapeOf(metadataServicesSpec),
      status: shapeOf({
        type: 'object',
        properties: { activeReleaseVersion, deploymentPhase, releaseHistory },
      }),
    },
  },
  'MetadataServices',
);
