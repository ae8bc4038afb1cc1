import type { FromSchema } from 'json-schema-to-ts';
import { namesServices } from './fields.ts';
import type { ObjectMeta } from './kubernetes.ts';
import { objectMeta } from './kubernetes-schemas.ts';
import { openBaoClusterSpec } from './openbaocluster-spec.ts';
import { openBaoClusterStatus } from './openbaocluster-status.ts';
import { parser, shapeOf } from './parse.ts';
import type { StructuralSchema } from './structural.ts';

export { blueGreenPhases, openBaoClusterStatus, rollingPhases } from './openbaocluster-status.ts';

/** The whole object below `apiVersion`, `kind` and `metadata`. */
export const openBaoCluster = {
  type: 'object',
  description:
    'OpenBaoCluster is an OpenBao Raft cluster. Rollguard validates its version changes and, with its controller, carries them out.',
  additionalProperties: false,
  required: ['spec'],
  'x-kubernetes-validations': namesServices,
  properties: { spec: openBaoClusterSpec, status: openBaoClusterStatus },
} as const satisfies StructuralSchema;

export type RollingUpgrade = NonNullable<OpenBaoClusterStatus['upgrade']>;
export type BlueGreenUpgrade = NonNullable<OpenBaoClusterStatus['blueGreen']>;
export type OpenBaoClusterSpec = FromSchema<typeof openBaoClusterSpec>;
export type OpenBaoClusterStatus = FromSchema<typeof openBaoClusterStatus>;

/** An OpenBaoCluster (openbao.org/v1alpha1), the fields that we read. */
export interface OpenBaoCluster {
  readonly apiVersion: 'openbao.org/v1alpha1';
  readonly kind: 'OpenBaoCluster';
  readonly metadata: ObjectMeta;
  readonly spec: OpenBaoClusterSpec;
  readonly status?: OpenBaoClusterStatus;
}

/**
 * The status fields that rules read. The rest is not looked at: beside another operator its shape
 * is that operator's own, and no rule may refuse a change because of it.
 */
const {
  currentVersion,
  image,
  initialized,
  seal,
  upgrade,
  upgradeRequests,
  operationLock,
  blueGreen,
  breakGlass,
} = openBaoClusterStatus.properties;
const { targetVersion, completedPods } = upgrade.properties;
const { phase, blueVersion, greenVersion, greenRevision, crossedAt, cleanupStartedAt } = blueGreen.properties;
const { operation } = operationLock.properties;
const { active, nonce, history } = breakGlass.properties;
const judgedStatus = {
  type: 'object',
  properties: {
    currentVersion,
    image,
    initialized,
    seal,
    upgrade: { type: 'object', properties: { targetVersion, completedPods } },
    upgradeRequests,
    scaling: { type: 'object' },
    operationLock: { type: 'object', properties: { operation } },
    blueGreen: {
      type: 'object',
      properties: { phase, blueVersion, greenVersion, greenRevision, crossedAt, cleanupStartedAt },
    },
    breakGlass: { type: 'object', properties: { active, nonce, history } },
  },
} as const satisfies StructuralSchema;

/**
 * Reads an OpenBaoCluster as the API server sends it.
 *
 * @throws SchemaViolation naming a field that has another type than it must
 */
export const parseOpenBaoCluster = parser<OpenBaoCluster>(
  {
    type: 'object',
    required: ['metadata', 'spec'],
    properties: {
      metadata: objectMeta,
      spec: shapeOf(openBaoClusterSpec),
      status: shapeOf(judgedStatus),
    },
  },
  'OpenBaoCluster',
);
