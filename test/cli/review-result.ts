import { reasonOrder } from '../../src/api/reasons.ts';

const text = { type: 'string' } as const;

/** JSON Schema of what `rollguard review -o json` prints: a contract with other programs. */
export const reviewResult = {
  type: 'object',
  additionalProperties: false,
  required: ['allowed', 'results'],
  properties: {
    allowed: { type: 'boolean' },
    results: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['object', 'operation', 'allowed', 'violations', 'warnings', 'patch'],
        properties: {
          object: {
            type: 'object',
            additionalProperties: false,
            required: ['apiVersion', 'kind', 'namespace', 'name'],
            properties: { apiVersion: text, kind: text, namespace: text, name: text },
          },
          operation: { type: 'string', enum: ['CREATE', 'UPDATE', 'DELETE'] },
          allowed: { type: 'boolean' },
          violations: {
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['reason', 'message', 'remedy', 'path', 'at'],
              properties: {
                // `Invalid`: the API server would not ask the gate at all.
                reason: { type: 'string', enum: [...reasonOrder, 'Invalid'] },
                message: { type: 'string', minLength: 1 },
                remedy: { type: 'string', minLength: 1 },
                path: { type: 'string', minLength: 1 },
                /** `file:line:column` */
                at: { type: 'string', minLength: 1 },
              },
            },
          },
          warnings: { type: 'array', items: text },
          patch: {
            type: 'array',
            items: {
              type: 'object',
              required: ['op', 'path'],
              properties: { op: { type: 'string', enum: ['add', 'remove', 'replace'] }, path: text },
            },
          },
        },
      },
    },
  },
} as const;
