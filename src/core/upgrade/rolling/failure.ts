/** Why a rolling upgrade holds: what it means for status.lastErrorReason. */
export const failureReasons = {
  PolicyViolation: 'the target breaks a rule of the gate',
  DowngradeBlocked: 'the target is older than a version that has run on this data',
  QuorumWouldBeLost: 'two members cannot be replaced one by one without losing quorum',
  TwoClusters: 'the members belong to more than one OpenBao cluster',
  MembershipMismatch: 'the Raft membership is not the set of pods',
  PreChecksTimeout: 'the cluster was not healthy enough to start in time',
  LoginFailed: 'the upgrade role could not log in',
  SnapshotStoreUnusable: 'nothing could be stored where snapshots go',
  TargetImageUnusable: 'the target image does not run, or holds another version',
  QuotaExceeded: 'a ResourceQuota leaves no room for green members',
  StorageUnavailable: 'green members would get no volumes',
  PreUpgradeSnapshotFailed: 'no verified snapshot could be taken',
  TemplateNotApplied: 'the StatefulSet does not carry the target template',
  StepDownFailed: 'the Job that asks the leader to step down failed',
  StepDownTimeout: 'the leader did not hand over in time',
  PodNotReady: 'the replaced pod did not become Ready and unsealed in time',
  NotCaughtUp: 'the replaced pod did not catch up in time',
  VersionMismatch: 'the replaced pod reports another version than the target',
  NotConverged: 'the StatefulSet did not finish in time',
  OperationLockLost: 'another operation holds the lock',
} as const satisfies Record<string, string>;

export type FailureReason = keyof typeof failureReasons;

export interface Failure {
  readonly reason: FailureReason;
  /** What is wrong with the values seen, and what to do now. */
  readonly message: string;
}

/** Bytes of status.lastErrorMessage. */
const longest = 2048;

/**
 * @param what what is wrong, with the values seen; without a full stop
 * @param remedy what to do now; without a full stop, for what ends with a command is copied with its end
 */
export function failure(reason: FailureReason, what: string, remedy: string): Failure {
  const room = longest - remedy.length - 2;
  const shown = what.length > room ? `${what.slice(0, room - 1)}…` : what;
  return { reason, message: `${shown}. ${remedy}` };
}
