import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { parser, SchemaViolation } from '../api/parse.ts';

/** A flag or environment variable that cannot be used. `message` names it, its value and the remedy. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_ERROR';
}

interface CommonConfig {
  readonly statusPort: number;
  /** Where our own Secret, Service, Lease and ServiceAccount are. */
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** What `rollguard webhook` runs with: flags, validated and frozen. */
export interface WebhookConfig extends CommonConfig {
  readonly port: number;
  readonly enforce: 'deny' | 'warn';
  readonly trustedControllers: readonly string[];
  readonly service: string;
  readonly tlsSecret: string;
  /** Files instead of the Secret: `tls.crt` and `tls.key` in this folder. */
  readonly tlsDir?: string;
  /** Name of our webhook configurations, whose caBundle is written. */
  readonly configuration: string;
}

/** What `rollguard controller` runs with: flags, validated and frozen. */
export interface ControllerConfig extends CommonConfig {
  readonly serviceAccount: string;
  /** Name of the Lease that the replicas compete for. */
  readonly lease: string;
  /** Clusters worked on at a time. */
  readonly concurrency: number;
  /** Repository of OpenBao's image, for clusters without spec.image. */
  readonly imageRepository: string;
  /** What images of MetadataServices are below, for a spec without imageRepository. */
  readonly servicesImageRepository: string;
  /** Kinds that are driven. */
  readonly kinds: readonly Kind[];
  /** Image of the Jobs; that of our own pod when left out. */
  readonly executorImage?: string;
  /** Our own pod, by which its image is known. */
  readonly pod?: string;
  /** Milliseconds after which waiting becomes a hold, by phase; what is left out has its default. */
  readonly deadlines: Readonly<Partial<Record<DeadlineName, number>>>;
}

/** Kinds that can be driven; beside the operator of one of them it is left out. */
export const kinds = ['openbaoclusters', 'metadataservices'] as const;
type Kind = (typeof kinds)[number];

/** Phases whose deadline can be set. */
export const deadlineNames = [
  'preChecks',
  'snapshot',
  'stepDown',
  'replacing',
  'catchingUp',
  'scaling',
] as const;
type DeadlineName = (typeof deadlineNames)[number];

const port = { type: 'integer', minimum: 1, maximum: 65_535 } as const;
const dnsName = { type: 'string', pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$', maxLength: 253 } as const;
const text = { type: 'string', minLength: 1 } as const;

const common = {
  statusPort: port,
  namespace: dnsName,
  kubeconfig: text,
  logLevel: { type: 'string', enum: ['debug', 'info', 'warn', 'error'] },
} as const;

const parseWebhook = parser<WebhookConfig>(
  {
    type: 'object',
    additionalProperties: false,
    required: [
      'port',
      'statusPort',
      'enforce',
      'trustedControllers',
      'namespace',
      'service',
      'tlsSecret',
      'configuration',
      'logLevel',
    ],
    properties: {
      ...common,
      port,
      enforce: { type: 'string', enum: ['deny', 'warn'] },
      trustedControllers: {
        type: 'array',
        items: { type: 'string', pattern: '^system:serviceaccount:[a-z0-9.-]+:[a-z0-9.-]+$' },
      },
      service: dnsName,
      tlsSecret: dnsName,
      tlsDir: text,
      configuration: dnsName,
    },
  },
  'flags',
);

const parseController = parser<ControllerConfig>(
  {
    type: 'object',
    additionalProperties: false,
    required: [
      'statusPort',
      'namespace',
      'serviceAccount',
      'lease',
      'concurrency',
      'imageRepository',
      'servicesImageRepository',
      'kinds',
      'deadlines',
      'logLevel',
    ],
    properties: {
      ...common,
      serviceAccount: dnsName,
      lease: dnsName,
      concurrency: { type: 'integer', minimum: 1, maximum: 64 },
      imageRepository: text,
      servicesImageRepository: text,
      kinds: { type: 'array', minItems: 1, items: { type: 'string', enum: kinds } },
      executorImage: text,
      pod: text,
      deadlines: {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          deadlineNames.map((name) => [name, { type: 'number', minimum: 1000 }]),
        ),
      },
    },
  },
  'flags',
);

/** Flags as commander gives them: text, and lists. */
export interface WebhookFlags {
  readonly port: string;
  readonly statusPort: string;
  readonly enforce: string;
  readonly trustedController: readonly string[];
  readonly namespace?: string;
  readonly service: string;
  readonly tlsSecret: string;
  readonly tlsDir?: string;
  readonly configuration: string;
  readonly kubeconfig?: string;
  readonly logLevel: string;
}

/** @throws ConfigError naming the first flag that is wrong */
export function webhookConfig(flags: WebhookFlags): WebhookConfig {
  const { port: listen, statusPort, trustedController, namespace = ownNamespace(), ...rest } = flags;
  return validated('webhook', parseWebhook, {
    ...rest,
    namespace,
    port: Number(listen),
    statusPort: Number(statusPort),
    trustedControllers: trustedController,
  });
}

/** Flags as commander gives them: text, and lists. */
export interface ControllerFlags {
  readonly statusPort: string;
  readonly namespace?: string;
  readonly serviceAccount: string;
  readonly lease: string;
  readonly concurrency: string;
  readonly imageRepository: string;
  readonly servicesImageRepository: string;
  readonly kind: readonly string[];
  readonly executorImage?: string;
  /** `PHASE=SECONDS`. */
  readonly deadline: readonly string[];
  readonly kubeconfig?: string;
  readonly logLevel: string;
}

/** @throws ConfigError naming the first flag that is wrong */
export function controllerConfig(flags: ControllerFlags): ControllerConfig {
  const { statusPort, concurrency, deadline, kind, namespace = ownNamespace(), ...rest } = flags;
  const pod = env['POD_NAME'];
  return validated('controller', parseController, {
    ...rest,
    namespace,
    statusPort: Number(statusPort),
    concurrency: Number(concurrency),
    kinds: kind.length === 0 ? kinds : kind,
    deadlines: Object.fromEntries(
      deadline.map((each) => {
        const [phase = '', seconds] = each.split('=');
        return [phase, Number(seconds) * 1000];
      }),
    ),
    ...(pod ? { pod } : {}),
  });
}

function validated<T>(command: string, parse: (input: unknown) => T, input: object): T {
  try {
    return Object.freeze(parse(input));
  } catch (error) {
    if (!(error instanceof SchemaViolation)) throw error;
    throw new ConfigError(`${error.message}. See: rollguard ${command} --help`, { cause: error });
  }
}

/** In a pod, its namespace; elsewhere that of the manifests. */
function ownNamespace(): string {
  if (env['POD_NAMESPACE']) return env['POD_NAMESPACE'];
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim();
  } catch {
    return 'rollguard-system';
  }
}
