const text = { type: 'string' } as const;
const time = { type: 'string', format: 'date-time' } as const;
const integer = { type: 'integer', format: 'int64' } as const;

/** ObjectMeta (apimachinery, meta/v1), as the API server takes it: no field but these. */
export const wholeObjectMeta = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string', format: 'object-name' },
    generateName: { type: 'string', format: 'object-name-prefix' },
    namespace: { type: 'string', format: 'namespace' },
    selfLink: text,
    uid: text,
    resourceVersion: text,
    generation: integer,
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: integer,
    labels: {
      type: 'object',
      propertyNames: { format: 'label-key' },
      additionalProperties: { type: 'string', format: 'label-value' },
    },
    annotations: {
      type: 'object',
      propertyNames: { format: 'annotation-key' },
      additionalProperties: text,
    },
    finalizers: { type: 'array', items: { type: 'string', format: 'label-key' } },
    ownerReferences: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['apiVersion', 'kind', 'name', 'uid'],
        properties: {
          apiVersion: { type: 'string', minLength: 1 },
          kind: { type: 'string', minLength: 1 },
          name: { type: 'string', minLength: 1 },
          uid: { type: 'string', minLength: 1 },
          controller: { type: 'boolean' },
          blockOwnerDeletion: { type: 'boolean' },
        },
      },
    },
    managedFields: { type: 'array', items: { type: 'object' } },
  },
} as const;

/** Bytes that all annotations of an object may have, keys included. */
export const mostAnnotationBytes = 256 * 1024;
