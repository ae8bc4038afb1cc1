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

/** Keys of the ConfigMap. */
export const files = {
  configuration: 'bao.json',
  selfInit: 'self-init.json',
  start: 'start.sh',
} as const;
