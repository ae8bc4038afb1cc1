import type { FromSchema } from 'json-schema-to-ts';
import type { ObjectMeta } from './kubernetes.ts';
import { objectMeta } from './kubernetes-schemas.ts';
import { parser, shapeOf } from './parse.ts';
import type { StructuralSchema } from './structural.ts';

/** `OpenBaoCluster.spec`: what a person or Git asks for. */
export const openBaoClusterSpec = {
  type: 'object',
  description: 'What the cluster should be.',
  additionalProperties: false,
  required: ['version'],
  properties: {
    version: {
      type: 'string',
      description:
        'OpenBao version, a semantic version such as 2.5.5 (a leading v is allowed). It never goes back below a version that has run.',
      minLength: 1,
      maxLength: 128,
    },
    image: {
      type: 'string',
      description:
        'Container image; openbao/openbao:<version> when left out. A tag must say the same version (a + in the version is a _ in the tag).',
      maxLength: 512,
    },
    paused: {
      type: 'boolean',
      description: 'Starts no new step while true. Changing it is always allowed.',
    },
    breakGlassAck: {
      type: 'string',
      description: 'The value of status.breakGlass.nonce: the incident is repaired, automation may go on.',
      maxLength: 128,
    },
    maintenance: {
      type: 'object',
      description: 'Planned work by hand on the pods of this cluster.',
      additionalProperties: false,
      properties: {
        enabled: {
          type: 'boolean',
          description:
            'Pods carry the annotation openbao.org/maintenance=true while true, so that whoever has the verb "maintenance" may delete them.',
        },
      },
    },
  },
} as const satisfies StructuralSchema;

/** `OpenBaoCluster.status`: the fields that the gate's rules read. */
export const openBaoClusterStatus = {
  type: 'object',
  description: 'What is. Written by the controller alone.',
  additionalProperties: false,
  properties: {
    currentVersion: {
      type: 'string',
      description: 'The version that the whole cluster runs.',
      maxLength: 128,
    },
    upgrade: {
      type: 'object',
      description: 'The rolling upgrade under way; absent when idle.',
      additionalProperties: false,
      properties: {
        targetVersion: { type: 'string', description: 'The version it leads to.', maxLength: 128 },
        completedPods: {
          type: 'array',
          description: 'Ordinals that run the target.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 1000,
          items: { type: 'integer', format: 'int32', minimum: 0 },
        },
      },
    },
    blueGreen: {
      type: 'object',
      description: 'The blue-green upgrade under way.',
      additionalProperties: false,
      properties: {
        phase: {
          type: 'string',
          description: 'Its phase.',
          enum: [
            'Idle',
            'DeployingGreen',
            'JoiningMesh',
            'Syncing',
            'Promoting',
            'DemotingBlue',
            'Cleanup',
            'RollingBack',
            'RollbackCleanup',
          ],
        },
        greenVersion: { type: 'string', description: 'The version of the green half.', maxLength: 128 },
        greenRevision: {
          type: 'string',
          description: 'The value of the label openbao.org/revision on the green pods.',
          maxLength: 63,
        },
      },
    },
    breakGlass: {
      type: 'object',
      description: 'Set when automation stopped because going on could make things worse.',
      additionalProperties: false,
      properties: {
        active: { type: 'boolean', description: 'Whether it waits for an acknowledgement now.' },
        reason: { type: 'string', description: 'Why it stopped.', maxLength: 128 },
        enteredAt: { type: 'string', format: 'date-time', description: 'Since when.' },
        nonce: {
          type: 'string',
          description: 'What spec.breakGlassAck must say to acknowledge this incident.',
          maxLength: 128,
        },
        history: {
          type: 'array',
          description: 'Earlier incidents, newest last.',
          'x-kubernetes-list-type': 'atomic',
          maxItems: 20,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['nonce'],
            properties: {
              nonce: { type: 'string', description: 'Its nonce.', maxLength: 128 },
              acknowledgedAt: {
                type: 'string',
                format: 'date-time',
                description: 'When it was acknowledged.',
              },
            },
          },
        },
      },
    },
  },
} as const satisfies StructuralSchema;

/** The whole object below `apiVersion`, `kind` and `metadata`. */
export const openBaoCluster = {
  type: 'object',
  description:
    'An OpenBao Raft cluster whose version changes Rollguard guards and, with its controller, carries out.',
  additionalProperties: false,
  required: ['spec'],
  properties: { spec: openBaoClusterSpec, status: openBaoClusterStatus },
} as const satisfies StructuralSchema;

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
      status: shapeOf(openBaoClusterStatus),
    },
  },
  'OpenBaoCluster',
);
