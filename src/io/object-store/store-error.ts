/** Why a store could not do what was asked, and what to do about it. */
const remedies = {
  InvalidTarget: 'Correct spec.backup.target.',
  WrongCredentials:
    'Put a valid accessKeyId and secretAccessKey (and sessionToken, if they are temporary) into the Secret that spec.backup.target.credentialsSecretRef names.',
  AccessDenied: 'Allow these credentials to put, get and delete objects below spec.backup.target.pathPrefix.',
  BucketMissing: 'Create the bucket, or correct spec.backup.target.bucket.',
  CertificateUntrusted:
    'Put the CA that issued the certificate as ca.crt into the Secret that spec.backup.target.caSecretRef names, and use a host name in spec.backup.target.endpoint that the certificate carries.',
  Unreachable:
    'See that the store runs, that spec.backup.target.endpoint is right, and that the NetworkPolicies of the namespace let the Job out.',
  Stalled: 'See whether the store and the network to it work, then try again.',
  NoSpace: 'Make room in the store, or raise its quota.',
  NotFound: 'See whether somebody or a lifecycle rule removed it.',
  AlreadyExists: 'Objects are never overwritten; move or remove the old one.',
  Refused: 'See the log of the store.',
} as const;

export type StoreErrorReason = keyof typeof remedies;

/** `message` says what happened and ends with the remedy. */
export class StoreError extends Error {
  readonly code = 'STORE_ERROR';
  readonly reason: StoreErrorReason;

  constructor(reason: StoreErrorReason, what: string, options: ErrorOptions & { remedy?: string } = {}) {
    super(`${what}. ${options.remedy ?? remedies[reason]}`, options);
    this.name = 'StoreError';
    this.reason = reason;
  }
}
