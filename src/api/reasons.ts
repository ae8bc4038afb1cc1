/**
 * Every reason that the gate gives, once: what it means and what to do about it.
 * The order is the order of the rules; the first violated one is the reason of the
 * HTTP answer. docs/reference/reasons.md is generated from it.
 */
export interface ReasonEntry {
  /** HTTP status of a denial, 4xx. 409 and 429 are left out: clients retry them by themselves. */
  readonly code: 403 | 422;
  /** What is refused: one clause, without a full stop. */
  readonly when: string;
  /** Why it matters: one sentence, without a full stop. */
  readonly meaning: string;
  /** What to do about it in general: one sentence, without a full stop. A denial says it with its own values. */
  readonly remedy: string;
}

export const reasons = {
  InvalidVersion: {
    code: 422,
    when: 'spec.version is no semantic version',
    meaning: 'the order of versions is what keeps data readable, so a version must be a semantic version',
    remedy: 'write spec.version as MAJOR.MINOR.PATCH, for example 2.5.5',
  },
  DowngradeBlocked: {
    code: 403,
    when: 'spec.version is below a version that has run here, or changes while that cannot be read',
    meaning: 'an older OpenBao may not read what a newer one has written',
    remedy:
      'keep spec.version at or above the version that has run; to go back, restore a snapshot that the older version made',
  },
  ImageVersionMismatch: {
    code: 422,
    when: 'the tag of spec.image says another version than spec.version',
    meaning: 'the image would run another version than the one that was checked',
    remedy: 'make the tag of spec.image and spec.version say the same version, or leave spec.image out',
  },
  InvalidImageReference: {
    code: 422,
    when: 'spec.image is no image reference',
    meaning: 'no node could pull such an image',
    remedy: 'write spec.image as [registry[:port]/]repository[:tag][@digest]',
  },
  StaleNonce: {
    code: 403,
    when: 'while break glass is active, spec.breakGlassAck is set to another value than its nonce',
    meaning: 'an acknowledgement counts for one incident only, so it must carry the nonce of the current one',
    remedy: 'read status.breakGlass, repair what it names, then acknowledge its nonce',
  },
  NoActiveBreakGlass: {
    code: 403,
    when: 'while none is active, spec.breakGlassAck is set to a value that is no earlier nonce of this cluster',
    meaning: 'an acknowledgement given in advance would wave the next incident through unseen',
    remedy: 'leave spec.breakGlassAck as it was; nothing waits for it',
  },
  UpgradePathBlocked: {
    code: 403,
    when: 'spec.version or the strategy changes, and that strategy is known to fail on the way to that version',
    meaning: 'such an upgrade is known to get stuck halfway, with two versions in one cluster',
    remedy:
      'set spec.upgrade.strategy to one that this way is open to, in a change of its own, then change spec.version',
  },
  StrategyChangeBlocked: {
    code: 403,
    when: 'spec.upgrade.strategy changes with something else, or while the cluster is not at rest',
    meaning: 'an upgrade that began by one strategy cannot be carried on by the other',
    remedy: 'change spec.upgrade.strategy alone, while nothing is under way and spec.version is what runs',
  },
  OperationInProgress: {
    code: 403,
    when: 'version, image or replicas change while votes move, during a rollback or in break glass; a cluster is deleted in the midst of an operation without its confirmation',
    meaning: 'halfway through an operation the next step rests on what is there now',
    remedy:
      'apply it when the operation is over; to go back to the version before, set spec.upgrade.requests.rollback to a new value',
  },
  SnapshotPrerequisiteMissing: {
    code: 422,
    when: 'a snapshot before upgrades is asked for, and spec.backup names no place for it',
    meaning: 'an upgrade that asks for a snapshot stops before it has begun where nothing can be stored',
    remedy: 'set spec.backup.target, or switch the snapshot before upgrades off',
  },
  MaintenanceRequired: {
    code: 403,
    when: 'a pod of a cluster is deleted that does not carry openbao.org/maintenance=true',
    meaning: 'deleting a member of a Raft cluster by accident can cost its quorum',
    remedy: 'set spec.maintenance.enabled=true on the OpenBaoCluster first, then delete one pod at a time',
  },
  PermissionRequired: {
    code: 403,
    when: 'somebody without the verb changes maintenance, an acknowledgement or a request, or deletes a pod',
    meaning: 'this is for the people who answer for the cluster',
    remedy: 'ask a cluster admin for a Role with the verb that the message names, on that kind',
  },
  PointOfNoReturn: {
    code: 403,
    when: 'spec.upgrade.requests.rollback is set after Cleanup has begun',
    meaning:
      'from Cleanup on the older members have no votes any more, and a rollback would find nobody to go back to',
    remedy:
      'let Cleanup finish; to return to the older version, restore a snapshot taken by it into a new cluster',
  },
  RollbackTargetEmpty: {
    code: 422,
    when: 'e6data.io/rollback-to is there and empty',
    meaning: 'a rollback to no release in particular would be a guess',
    remedy: 'put the name of a release of status.releaseHistory into e6data.io/rollback-to, or take it off',
  },
  NoGoodRelease: {
    code: 403,
    when: 'a rollback of MetadataServices is requested, and none of its releases ever served',
    meaning: 'there is nothing to roll back to before a release has served',
    remedy: 'correct spec instead; it is deployed at once',
  },
  DeletionNotConfirmed: {
    code: 403,
    when: 'a cluster is deleted under deletionPolicy DeletePVCs or DeleteAll without its confirmation',
    meaning: 'data that is deleted with a cluster does not come back',
    remedy:
      "set spec.deletionPolicy to Retain, or write the cluster's uid into its annotation rollguard.io/confirm-delete",
  },
} as const satisfies Record<string, ReasonEntry>;

export type Reason = keyof typeof reasons;

/** All reasons, in the order of the rules. */
export const reasonOrder = Object.keys(reasons) as readonly Reason[];
