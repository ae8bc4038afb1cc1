import type { PersistentVolumeClaim, Pod } from './kubernetes.ts';
import { parser } from './parse.ts';

const text = { type: 'string' } as const;
const texts = { type: 'object', additionalProperties: text } as const;

/** ObjectMeta: the types of the fields that we read. */
export const objectMeta = {
  type: 'object',
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    uid: text,
    creationTimestamp: text,
    labels: texts,
    annotations: texts,
    deletionTimestamp: text,
    deletionGracePeriodSeconds: { type: 'integer' },
  },
} as const;

const containerState = {
  type: 'object',
  properties: { running: { type: 'object' }, terminated: { type: 'object' } },
} as const;

const pod = {
  type: 'object',
  required: ['metadata'],
  properties: {
    metadata: objectMeta,
    spec: {
      type: 'object',
      properties: {
        nodeName: text,
        containers: {
          type: 'array',
          items: { type: 'object', required: ['name'], properties: { name: text, image: text } },
        },
      },
    },
    status: {
      type: 'object',
      properties: {
        phase: text,
        containerStatuses: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: text,
              restartCount: { type: 'integer' },
              state: containerState,
              lastState: containerState,
            },
          },
        },
      },
    },
  },
} as const;

/** @throws SchemaViolation naming a field that has another type than it must */
export const parsePod = parser<Pod>(pod, 'Pod');

/** @throws SchemaViolation naming a field that has another type than it must */
export const parsePersistentVolumeClaim = parser<PersistentVolumeClaim>(
  {
    type: 'object',
    required: ['metadata'],
    properties: { metadata: objectMeta, spec: { type: 'object', properties: { volumeName: text } } },
  },
  'PersistentVolumeClaim',
);
