/** Where a member finds what it is given. */
export const paths = {
  /** The ConfigMap. */
  configuration: '/etc/bao/config',
  /** ca.crt, tls.crt and tls.key. */
  tls: '/etc/bao/tls',
  unsealKey: '/etc/bao/unseal',
  /** The Secret with what opens the seal, and what the start script makes of it: without a newline at its end. */
  credentials: '/etc/bao/credentials',
  seal: '/bao/seal',
  /** Where OpenBao keeps the plugin that it has downloaded. */
  plugins: '/bao/plugins',
  data: '/bao/data',
  temporary: '/tmp',
} as const;

/** Key of the ConfigMap with the configuration for members of this revision. */
export const configurationFile = (revision: string): string => `bao-${revision}.json`;

/** The other keys of the ConfigMap. */
export const files = {
  selfInit: 'self-init.json',
  start: 'start.sh',
  /** Of the check of the seal, see seal-check.ts. */
  sealCheck: 'seal-check.sh',
  sealCheckServer: 'seal-check.json',
} as const;
