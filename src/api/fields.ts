/** Schemas that several kinds have in common. */
import type { FromSchema } from 'json-schema-to-ts';
import type { StructuralSchema } from './structural.ts';

export const text = (description: string, maxLength = 128) =>
  ({ type: 'string', description, maxLength }) as const;
/**
 * A text that stands in the arguments of a container that also has credentials, where a reference to a variable is
 * refused (docs/design.md, "Small decisions").
 */
export const argument = (description: string, maxLength: number) =>
  ({
    type: 'string',
    description: `${description} It must not hold $(.`,
    maxLength,
    'x-kubernetes-validations': [
      {
        rule: "!self.matches('[$][(]')",
        message:
          'must not hold $(: Kubernetes replaces $(NAME) in the arguments of a container by the value of a variable, which may be a credential of the store; write the text itself',
      },
    ],
  }) as const;
export const time = (description: string) => ({ type: 'string', format: 'date-time', description }) as const;
export const count = (description: string) =>
  ({ type: 'integer', format: 'int32', description, minimum: 0 }) as const;

export const duration = (description: string) =>
  ({
    type: 'string',
    description: `${description} The value is a duration such as 90s, 10m or 1h30m.`,
    maxLength: 32,
    'x-kubernetes-validations': [
      {
        rule: "self.matches('^([0-9]+(ms|s|m|h))+$')",
        message: 'must be a duration such as 90s, 10m or 1h30m',
      },
    ],
  }) as const;

const generation = (description: string) =>
  ({ type: 'integer', format: 'int64', description, minimum: 0 }) as const;

/** `status.observedGeneration` of an object that no controller has looked at yet. */
const unobserved = -1;

/** `status.observedGeneration`. */
export const observedGeneration = {
  ...generation(
    'The metadata.generation of the object that this status describes; -1 before the controller has seen the object.',
  ),
  minimum: unobserved,
} as const;

/**
 * The status that the API server gives an object which has none: without it kstatus, Flux and what else reads
 * observedGeneration take an object for Current that nobody has looked at (docs/facts/crossings-measured.md).
 */
export const statusBeforeFirstLook = { observedGeneration: unobserved } as const;

/** Whether no controller has written this status, or there is none. */
export const isBeforeFirstLook = (status: { readonly observedGeneration?: number } | undefined): boolean =>
  status === undefined || status.observedGeneration === unobserved;

/** `x-kubernetes-validations` of a kind after whose objects Services (and revisions of StatefulSets) are named. */
export const namesServices = [
  {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 40",
    message:
      'metadata.name must begin with a letter, have only lower-case letters, digits and -, and no more than 40 characters: Services are named after it',
  },
] as const;

/** One of `status.conditions`, as metav1.Condition has it. */
export const condition = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  properties: {
    type: text('Type of the condition, in CamelCase.', 316),
    status: {
      type: 'string',
      description: 'Status of the condition: True, False or Unknown.',
      enum: ['True', 'False', 'Unknown'],
    },
    reason: text('Reason for the last transition of the condition, in CamelCase.', 1024),
    message: text('Message for people with the details of the transition.', 32768),
    lastTransitionTime: time('Time at which the status of the condition last changed.'),
    observedGeneration: generation('The metadata.generation that the condition was set for.'),
  },
} as const satisfies StructuralSchema;

export type Condition = FromSchema<typeof condition>;

/** The Jobs that were made for this object, as its status records them. */
export const madeJobs = {
  type: 'array',
  description:
    'The Jobs that the controller made, by name and UID. The report of any other Job does not count, whatever its name.',
  'x-kubernetes-list-type': 'atomic',
  maxItems: 50,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'uid'],
    properties: { name: text('Name of the Job.', 63), uid: text('UID of the Job.', 64) },
  },
} as const;
