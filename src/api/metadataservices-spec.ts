import { duration } from './fields.ts';
import type { StructuralSchema } from './structural.ts';

const config = (description: string) =>
  ({
    type: 'object',
    description,
    additionalProperties: { type: 'string', maxLength: 8192 },
    maxProperties: 256,
  }) as const;

const resources = {
  type: 'object',
  description: 'What each pod gets. A change makes a release.',
  additionalProperties: false,
  properties: {
    memory: {
      type: 'string',
      description: 'A quantity such as 8Gi: what it is sure to get and may use at most.',
      maxLength: 32,
    },
    cpu: { type: 'string', description: 'A quantity such as 500m: what it is sure to get.', maxLength: 32 },
  },
} as const satisfies StructuralSchema;

/** What storage and schema have in common. */
const service = (port: number) =>
  ({
    imageTag: {
      type: 'string',
      description: 'Tag of its image. A change makes a release; a rollback writes it.',
      minLength: 1,
      maxLength: 128,
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^[A-Za-z0-9_][A-Za-z0-9_.-]*$')",
          message: 'must be a tag: letters, digits, _, . and -',
        },
      ],
    },
    image: {
      type: 'string',
      description: 'Its image without the tag; imageRepository and its own name when left out.',
      maxLength: 384,
    },
    replicas: {
      type: 'integer',
      format: 'int32',
      description:
        'Pods; a change scales what runs and makes no release. When left out it is not touched, for a HorizontalPodAutoscaler; a new color begins with as many as serve.',
      minimum: 1,
      maximum: 1000,
    },
    resources,
    config: config('Its own variables, over those of spec.config. A change makes a release.'),
    port: {
      type: 'integer',
      format: 'int32',
      description: `Port that it listens on and that its Services have; ${port} when left out.`,
      minimum: 1,
      maximum: 65_535,
    },
    readinessPath: {
      type: 'string',
      description: 'HTTP path that says whether it is ready; an open port is enough when left out.',
      maxLength: 256,
    },
  }) as const;

/** Ports of the specification, page 003 (storage), and of our own choice (schema). */
export const defaultPorts = { storage: 9005, schema: 9006 } as const;

/**
 * `MetadataServices.spec`. Only imageTag, resources.memory and the variables are in the specification, page 003; the
 * rest is ours.
 */
export const metadataServicesSpec = {
  type: 'object',
  description: 'What should serve.',
  additionalProperties: false,
  required: ['storage', 'schema'],
  properties: {
    paused: {
      type: 'boolean',
      description: 'Starts nothing new while true; the clocks stand still. Changing it is always allowed.',
    },
    imageRepository: {
      type: 'string',
      description:
        'Registry and path that the images are below: <imageRepository>/storage and <imageRepository>/schema; e6data when left out.',
      maxLength: 256,
    },
    imagePullSecrets: {
      type: 'array',
      description: 'Names of Secrets with which images are pulled.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 16,
      items: { type: 'string', maxLength: 253 },
    },
    serviceAccountName: {
      type: 'string',
      description: 'ServiceAccount of the pods.',
      maxLength: 253,
    },
    config: config('Variables of both, such as E6_BUCKET. A change makes a release.'),
    storage: {
      type: 'object',
      description: 'The storage service.',
      additionalProperties: false,
      required: ['imageTag'],
      properties: {
        ...service(defaultPorts.storage),
        secondary: {
          type: 'boolean',
          description: 'Runs a second storage Deployment beside it, for high availability.',
        },
      },
    },
    schema: {
      type: 'object',
      description: 'The schema service.',
      additionalProperties: false,
      required: ['imageTag'],
      properties: service(defaultPorts.schema),
    },
    rollout: {
      type: 'object',
      description: 'The windows of a release. A release under way keeps those that it began with.',
      additionalProperties: false,
      properties: {
        readinessTimeout: duration('How long a new color may take to become ready; 2m when left out.'),
        gracePeriod: duration('How long it must stay well before it gets the traffic; 2m when left out.'),
        cleanupDelay: duration(
          'How long the old color stays ready to take the traffic back; 30s when left out.',
        ),
        failFast: {
          type: 'boolean',
          description: 'Fails at an error that waiting does not mend, instead of at the end of the window.',
        },
      },
    },
  },
} as const satisfies StructuralSchema;
