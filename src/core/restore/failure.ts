/** Why a restore failed, where no Job of it says so in its own words: what it means for status.lastErrorReason. */
export const restoreFailures = {
  SourceMissing: 'neither the restore nor the cluster names a store',
  SnapshotVersionUnknown:
    'nothing says, or not everything says alike, which OpenBao version made the snapshot',
  SnapshotNewer: 'the cluster runs an older version than the one that made the snapshot',
  VerificationFailed: 'the Job that verifies the snapshot ended without a word',
  ClusterGone: 'the cluster was deleted meanwhile',
  SealedAfterRestore: "the members' unseal key does not open the snapshot that was forced upon them",
  RestoreOutcomeUnknown: 'whether the snapshot was restored is not known',
  MembershipNotRepaired: 'the data is restored, but members have not got their votes back',
} as const satisfies Record<string, string>;

export interface RestoreFailure {
  /** One of the above, or the reason of an executor's report, such as Truncated. */
  readonly reason: string;
  /** What is wrong with the values seen, and what to do now. */
  readonly message: string;
}

/** Bytes of status.lastErrorMessage. */
const longest = 2048;

export const failure = (reason: keyof typeof restoreFailures, message: string): RestoreFailure =>
  inWords(reason, message);

/** @param reason as an executor reports it */
export const inWords = (reason: string, message: string): RestoreFailure => ({
  reason,
  message: message.slice(0, longest),
});
