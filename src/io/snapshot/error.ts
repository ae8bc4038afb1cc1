/** Why there is no snapshot to rely on, and what to do about it. */
const remedies = {
  NotGzip: 'See what answers at the address of OpenBao.',
  Truncated: 'See the log of OpenBao for why it stopped, then try again.',
  Damaged: 'Try again; if it stays so, look at the disks and the network between.',
  ExtraBytes: 'Try again; if it stays so, look at what stands between OpenBao and Rollguard.',
  MissingMember: 'See the log of OpenBao for why it left it out, then try again.',
  UnexpectedMember: 'See what answers at the address of OpenBao.',
  WrongSum: 'Try again; if it stays so, look at the disks and the network between.',
  UnreadableMeta: 'See what answers at the address of OpenBao.',
  SourceFailed: 'See the log of OpenBao, then try again.',
  SourceStalled: 'See whether OpenBao and the network to it work, then try again.',
  SpoolFailed: 'Give the spool of the Job room for one snapshot, and the right to write.',
  ReadBackDiffers: 'See whether the store keeps what it is given, then try again.',
} as const;

type SnapshotErrorReason = keyof typeof remedies;

/** `message` says what happened and ends with the remedy. */
export class SnapshotError extends Error {
  readonly code = 'SNAPSHOT_ERROR';
  readonly reason: SnapshotErrorReason;
  /** Without the remedy, which speaks of taking one. Without a full stop. */
  readonly what: string;

  constructor(reason: SnapshotErrorReason, what: string, options?: ErrorOptions) {
    super(`${what}. ${remedies[reason]}`, options);
    this.name = 'SnapshotError';
    this.reason = reason;
    this.what = what;
  }
}
