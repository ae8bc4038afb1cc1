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
  description: 'Compute resources of each pod. A change creates a release.',
  additionalProperties: false,
  properties: {
    memory: {
      type: 'string',
      description:
        'Memory that each pod requests and may use at most, a quantity such as 8Gi. Defaults to a request of 256Mi without a limit.',
      maxLength: 32,
    },
    cpu: {
      type: 'string',
      description: 'CPU that each pod requests, a quantity such as 500m. Defaults to 100m.',
      maxLength: 32,
    },
  },
} as const satisfies StructuralSchema;

/** What storage and schema have in common. */
const service = (port: number) =>
  ({
    imageTag: {
      type: 'string',
      description: 'Tag of the container image. A change creates a release; a rollback writes the tag.',
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
      description:
        'Container image without the tag. Defaults to spec.imageRepository followed by the name of the service.',
      maxLength: 384,
    },
    replicas: {
      type: 'integer',
      format: 'int32',
      description:
        'Number of pods. A change scales the running pods and creates no release. If it is not set, the controller leaves the number to a HorizontalPodAutoscaler, and a new color starts with the number of pods that the active color has.',
      minimum: 1,
      maximum: 1000,
    },
    resources,
    config: config(
      'Environment variables of this service, which override those of spec.config. A change creates a release.',
    ),
    port: {
      type: 'integer',
      format: 'int32',
      description: `Port that the service listens on and that its Services have. Defaults to ${port}.`,
      minimum: 1,
      maximum: 65_535,
    },
    readinessPath: {
      type: 'string',
      description: 'HTTP path of the readiness probe. Defaults to a probe that only checks for an open port.',
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
  description: 'Desired state of the metadata services.',
  additionalProperties: false,
  required: ['storage', 'schema'],
  properties: {
    paused: {
      type: 'boolean',
      description:
        'Whether the controller starts no new step and stops the clocks. Changing it is always allowed. Defaults to false.',
    },
    imageRepository: {
      type: 'string',
      description:
        'Registry and path of the container images <imageRepository>/storage and <imageRepository>/schema. Defaults to e6data.',
      maxLength: 256,
    },
    imagePullSecrets: {
      type: 'array',
      description: 'Names of the Secrets that are used to pull images.',
      'x-kubernetes-list-type': 'atomic',
      maxItems: 16,
      items: { type: 'string', maxLength: 253 },
    },
    serviceAccountName: {
      type: 'string',
      description:
        'Name of the ServiceAccount of the pods. Defaults to the default ServiceAccount of the namespace.',
      maxLength: 253,
    },
    config: config('Environment variables of both services, such as E6_BUCKET. A change creates a release.'),
    storage: {
      type: 'object',
      description: 'Settings of the storage service.',
      additionalProperties: false,
      required: ['imageTag'],
      properties: {
        ...service(defaultPorts.storage),
        secondary: {
          type: 'boolean',
          description: 'Whether a second storage Deployment runs for high availability. Defaults to false.',
        },
      },
    },
    schema: {
      type: 'object',
      description: 'Settings of the schema service.',
      additionalProperties: false,
      required: ['imageTag'],
      properties: service(defaultPorts.schema),
    },
    rollout: {
      type: 'object',
      description: 'Time windows of a release. A release in progress keeps those that it started with.',
      additionalProperties: false,
      properties: {
        readinessTimeout: duration('How long a new color may take to become ready. Defaults to 2m.'),
        gracePeriod: duration(
          'How long a new color must stay healthy before it receives the traffic. Defaults to 2m.',
        ),
        cleanupDelay: duration(
          'How long the old color is kept so that the traffic can be switched back. Defaults to 30s.',
        ),
        failFast: {
          type: 'boolean',
          description:
            'Whether a release fails immediately at an error that waiting does not fix, instead of at the end of the window. Defaults to false.',
        },
      },
    },
  },
} as const satisfies StructuralSchema;
