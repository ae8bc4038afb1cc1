import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { parser, SchemaViolation } from './api/parse.ts';

/** What `rollguard webhook` runs with: flags, validated and frozen. */
export interface WebhookConfig {
  readonly port: number;
  readonly statusPort: number;
  readonly enforce: 'deny' | 'warn';
  readonly trustedControllers: readonly string[];
  /** Where the Secret and the Service of the gate are. */
  readonly namespace: string;
  readonly service: string;
  readonly tlsSecret: string;
  /** Files instead of the Secret: `tls.crt` and `tls.key` in this folder. */
  readonly tlsDir?: string;
  /** Name of our webhook configurations, whose caBundle is written. */
  readonly configuration: string;
  readonly kubeconfig?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** A flag or environment variable that cannot be used. `message` names it, its value and the remedy. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_ERROR';
}

const port = { type: 'integer', minimum: 1, maximum: 65_535 } as const;
const dnsLabel = { type: 'string', pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$', maxLength: 253 } as const;

const parse = parser<WebhookConfig>(
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
      port,
      statusPort: port,
      enforce: { type: 'string', enum: ['deny', 'warn'] },
      trustedControllers: {
        type: 'array',
        items: { type: 'string', pattern: '^system:serviceaccount:[a-z0-9.-]+:[a-z0-9.-]+$' },
      },
      namespace: dnsLabel,
      service: dnsLabel,
      tlsSecret: dnsLabel,
      tlsDir: { type: 'string', minLength: 1 },
      configuration: dnsLabel,
      kubeconfig: { type: 'string', minLength: 1 },
      logLevel: { type: 'string', enum: ['debug', 'info', 'warn', 'error'] },
    },
  },
  'flags',
);

/** Flags as commander gives them: text, and a list. */
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
  const input = {
    ...rest,
    namespace,
    port: Number(listen),
    statusPort: Number(statusPort),
    trustedControllers: trustedController,
  };
  try {
    return Object.freeze(parse(input));
  } catch (error) {
    if (!(error instanceof SchemaViolation)) throw error;
    throw new ConfigError(`${error.message}. See: rollguard webhook --help`, { cause: error });
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
