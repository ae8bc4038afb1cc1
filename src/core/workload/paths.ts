/** Where a member finds what it is given. */
export const paths = {
  /** The ConfigMap. */
  configuration: '/etc/bao/config',
  /** ca.crt, tls.crt and tls.key. */
  tls: '/etc/bao/tls',
  unsealKey: '/etc/bao/unseal',
  data: '/bao/data',
  temporary: '/tmp',
} as const;

/** Key of the ConfigMap with the configuration for members of this revision. */
export const configurationFile = (revision: string): string => `bao-${revision}.json`;

/** The other keys of the ConfigMap. */
export const files = {
  selfInit: 'self-init.json',
  start: 'start.sh',
} as const;
