import { documents } from './documents.ts';

/** What may be held or fail, as docs/reference/holds.md calls it. */
export const holdScopes = {
  Cluster: 'cluster',
  RollingUpgrade: 'pre-checks (both strategies), rolling upgrade',
  BlueGreenUpgrade: 'blue-green upgrade',
  BreakGlass: 'break glass',
  Scaling: 'change of `spec.replicas`',
  Restore: 'OpenBaoRestore',
  Release: 'MetadataServices',
} as const;

type HoldScope = keyof typeof holdScopes;

interface HoldReasonEntry {
  /** Who gives it. */
  readonly scopes: readonly HoldScope[];
  /** What is wrong: a clause in Markdown, without its full stop. */
  readonly meaning: string;
  /** What to do about it in general: Markdown without its last full stop; links lead from the root of the repository. */
  readonly remedy: string;
}

/**
 * Every reason for which something waits for a person, or a restore fails, once. What a person reads on the object
 * says the same with the values seen; docs/reference/holds.md is generated from it. The reasons of the gate are
 * in reasons.ts.
 */
export const holdReasons = {
  PolicyViolation: {
    scopes: ['RollingUpgrade', 'Cluster'],
    meaning: 'the target breaks a rule of the gate, whose reason the message begins with',
    remedy: `Revert the change, or set a version that is allowed. Nothing more is changed. \`UpgradePathBlocked\` is also what the gate only warns of, a row "hold" of the [upgrade paths](${documents.upgradePaths})`,
  },
  DowngradeBlocked: {
    scopes: ['RollingUpgrade', 'Cluster'],
    meaning: 'the target is older than a version that has run on this data',
    remedy: `Revert the change, or set a version that is allowed. Nothing more is changed. [Why there is no downgrade](${documents.downgrade})`,
  },
  PreChecksTimeout: {
    scopes: ['RollingUpgrade'],
    meaning: 'the cluster was not healthy enough to start in time',
    remedy: '`rollguard status` shows what each member is missing. Nothing was changed',
  },
  LoginFailed: {
    scopes: ['RollingUpgrade'],
    meaning: 'the upgrade role could not log in, or lacks a right',
    remedy: 'The message names the missing right. Fix the role or policy at `auth/jwt-operator`',
  },
  TargetImageUnusable: {
    scopes: ['RollingUpgrade'],
    meaning: 'the target image cannot be pulled, does not run, or has another version',
    remedy: 'Correct `spec.version` or `spec.image`. Nothing more is changed',
  },
  SealUnproved: {
    scopes: ['RollingUpgrade', 'BlueGreenUpgrade'],
    meaning:
      'a server as the members are could not open its seal, so a pod that is stopped now would not come back. What runs goes on without it, and shows nothing',
    remedy: `Bring back the key service or its credentials, before a node fails. The message has OpenBao's own words: [seals](${documents.seals})`,
  },
  NamespacesWouldSeal: {
    scopes: ['RollingUpgrade', 'BlueGreenUpgrade'],
    meaning:
      'the member to be stopped is the last that holds the keys of a [sealable namespace](https://openbao.org/docs/concepts/namespaces/sealable-namespaces/)',
    remedy: `See that the members reach the leader: keys travel every 15 s. Or have the owners of the namespaces at hand, and retry in maintenance: [sealable namespaces](${documents.sealables})`,
  },
  NamespaceSealsUnknown: {
    scopes: ['RollingUpgrade', 'BlueGreenUpgrade'],
    meaning:
      'which members hold the keys of sealable namespaces could not be read, so that a stop could take the last ones',
    remedy: `Give the policy \`rollguard-observer\` the lines of [sealable namespaces](${documents.sealables}). Or retry in maintenance, where there are none, or they may be sealed`,
  },
  QuotaExceeded: {
    scopes: ['RollingUpgrade'],
    meaning: 'a ResourceQuota, which the message names, leaves no room for green members',
    remedy: 'Raise the quota, or lower `spec.resources` and `spec.storage`. Nothing was changed',
  },
  StorageUnavailable: {
    scopes: ['RollingUpgrade'],
    meaning: 'the StorageClass of the green volumes does not exist, or does not provision volumes',
    remedy: 'Create the StorageClass, or volumes of it. Nothing was changed',
  },
  SnapshotStoreUnusable: {
    scopes: ['RollingUpgrade'],
    meaning: 'the store for snapshots could not be written to',
    remedy:
      'The message says whether it is the credentials, bucket, certificate, space or a stalled store. Nothing was changed',
  },
  PreUpgradeSnapshotFailed: {
    scopes: ['RollingUpgrade'],
    meaning: 'no verified snapshot could be taken',
    remedy:
      'The message says whether it is the credentials, bucket, certificate, space or a stalled store. Nothing was changed',
  },
  QuorumWouldBeLost: {
    scopes: ['RollingUpgrade'],
    meaning: 'two members cannot be replaced one by one without losing quorum',
    remedy: 'Grow to three members first (`spec.replicas`), or shrink to one',
  },
  OperationLockHeld: {
    scopes: ['RollingUpgrade'],
    meaning: 'another operation has the lock',
    remedy: 'Wait until it has ended',
  },
  OperationLockLost: {
    scopes: ['RollingUpgrade', 'BlueGreenUpgrade'],
    meaning: 'another operation took the lock',
    remedy: 'Wait until it has ended',
  },
  TemplateNotApplied: {
    scopes: ['RollingUpgrade'],
    meaning: 'the StatefulSet does not get the template',
    remedy: '`kubectl describe statefulset`: a quota, an admission rule, a stopped controller manager',
  },
  NotConverged: {
    scopes: ['RollingUpgrade'],
    meaning: 'the StatefulSet did not finish in time',
    remedy: '`kubectl describe statefulset`: a quota, an admission rule, a stopped controller manager',
  },
  StepDownFailed: {
    scopes: ['RollingUpgrade', 'Scaling'],
    meaning: 'the Job that asks the leader to step down failed',
    remedy: "Read the Job's log, which is kept for a day. Another healthy voter must exist",
  },
  StepDownTimeout: {
    scopes: ['RollingUpgrade'],
    meaning: 'the leader did not transfer leadership in time',
    remedy: "Read the Job's log, which is kept for a day. Another healthy voter must exist",
  },
  PodNotReady: {
    scopes: ['RollingUpgrade'],
    meaning: 'the replaced pod did not become Ready and unsealed in time',
    remedy: '`kubectl describe pod`, `kubectl logs`. All other pods still run and serve',
  },
  VersionMismatch: {
    scopes: ['Cluster', 'RollingUpgrade', 'BlueGreenUpgrade'],
    meaning:
      'a replaced pod, or a green member, reports another version than the target; or, outside an upgrade, a member reports another one than the cluster runs, because the image of its pod was changed or its tag has moved',
    remedy: `\`kubectl describe pod\`, \`kubectl logs\`. All other pods still run and serve. Outside an upgrade [delete that pod](${documents.deletePod}), and it is made anew from the StatefulSet, or set \`spec.image\`; one that is newer than the cluster gets an empty disk as well, or the cluster follows it by \`spec.version\`; until then no upgrade and no change of \`spec.replicas\` begins`,
  },
  ImageOverwritten: {
    scopes: ['Cluster'],
    meaning:
      'somebody else has written another image into the StatefulSet, and lets its pods go to it: it may be older than the data. The image is written back, and no other pod is let go',
    remedy:
      'Change what runs by `spec.version` and `spec.image` alone. The message names who wrote it. A pod that runs it already is told as `VersionMismatch`',
  },
  NotCaughtUp: {
    scopes: ['RollingUpgrade'],
    meaning: 'the replaced pod did not catch up in time',
    remedy: '`kubectl describe pod`, `kubectl logs`. All other pods still run and serve',
  },
  MemberUnreadable: {
    scopes: ['RollingUpgrade', 'BlueGreenUpgrade'],
    meaning:
      'a member is Ready, but an answer of it could not be understood for the whole time of a step. The message names the answer, the member and its version',
    remedy: `[An answer that cannot be understood](${documents.unreadable})`,
  },
  GreenFailed: {
    scopes: ['BlueGreenUpgrade'],
    meaning: 'a green member crashes, or cannot be started',
    remedy: 'The green pods are removed automatically. Correct the image, then `requests.retry`',
  },
  GreenVotesEarly: {
    scopes: ['BlueGreenUpgrade'],
    meaning: 'a green member is a voter before its promotion',
    remedy: 'The green pods are removed automatically. Then `requests.retry`',
  },
  HookFailed: {
    scopes: ['BlueGreenUpgrade'],
    meaning: 'your pre-promotion hook failed',
    remedy: 'Read its log, fix the cause, then `requests.retry`',
  },
  HookOutcomeUnknown: {
    scopes: ['BlueGreenUpgrade'],
    meaning: 'the Job of your hook is missing, and it is unknown whether it succeeded',
    remedy: 'See what the hook did, then `requests.retry` runs it again',
  },
  UpgradeJobFailed: {
    scopes: ['BlueGreenUpgrade', 'RollingUpgrade'],
    meaning: 'Jobs of a phase failed',
    remedy:
      "A blue-green upgrade is held if `autoRollback` is off, or in Cleanup. Read the Job's log, fix the cause, then `requests.retry`; or `requests.rollback` before Cleanup",
  },
  PhaseTimeout: {
    scopes: ['BlueGreenUpgrade'],
    meaning: 'a phase took too long',
    remedy:
      "The upgrade is held if `autoRollback` is off, or in Cleanup. Read the Job's log, fix the cause, then `requests.retry`; or `requests.rollback` before Cleanup",
  },
  TargetRejected: {
    scopes: ['Cluster'],
    meaning:
      'the target was rolled back, for the reason in `status.blueGreen.rejectedTarget`, and is not retried automatically. A requested restart waits with it',
    remedy: 'Revert `spec.version`, or set `requests.retry`',
  },
  RollbackRequested: {
    scopes: ['BlueGreenUpgrade'],
    meaning: 'a person requested the rollback (a reason in `status.blueGreen.rejectedTarget`)',
    remedy: 'Revert `spec.version`, or set `requests.retry`',
  },
  TargetChanged: {
    scopes: ['BlueGreenUpgrade'],
    meaning: 'the spec asked for another target meanwhile (a reason in `status.blueGreen.rejectedTarget`)',
    remedy: 'Revert `spec.version`, or set `requests.retry`',
  },
  BreakGlassRequired: {
    scopes: ['Cluster'],
    meaning:
      'a rollback failed and all automation stopped; `status.breakGlass.reason` has one of the next two',
    remedy: `[Break glass](${documents.breakGlass})`,
  },
  RollbackConsensusRepairFailed: {
    scopes: ['BreakGlass'],
    meaning: 'votes and leadership could not be moved back to the blue members',
    remedy: `[Break glass](${documents.consensusRepair})`,
  },
  RollbackCleanupPeerRemovalFailed: {
    scopes: ['BreakGlass'],
    meaning: 'the green members could not be removed from Raft after the votes were moved back',
    remedy: `[Break glass](${documents.peerRemoval})`,
  },
  TwoClusters: {
    scopes: ['RollingUpgrade', 'BlueGreenUpgrade'],
    meaning: 'the members belong to more than one OpenBao cluster',
    remedy:
      'Stop and look: `bao operator raft list-peers` in each pod. Remove manually what does not belong to the cluster',
  },
  MembershipMismatch: {
    scopes: ['RollingUpgrade'],
    meaning: 'the Raft members are not the pods of the cluster',
    remedy:
      'Stop and look: `bao operator raft list-peers` in each pod. Remove manually what does not belong to the cluster',
  },
  SecondClusterDetected: {
    scopes: ['Cluster'],
    meaning: 'a member belongs to another OpenBao cluster',
    remedy:
      'Stop and look: `bao operator raft list-peers` in each pod. Remove manually what does not belong to the cluster',
  },
  ScaleTimedOut: {
    scopes: ['Scaling'],
    meaning: 'a member did not join or leave in time',
    remedy: 'The message names the member and the step. Retry with `spec.upgrade.requests.retry`',
  },
  RemovePeerFailed: {
    scopes: ['Scaling'],
    meaning: 'a member could not be removed from Raft',
    remedy: 'The message names the member and the step. Retry with `spec.upgrade.requests.retry`',
  },
  StaleVolume: {
    scopes: ['Scaling'],
    meaning: 'a volume holds the data of an earlier member, with which a new member cannot join',
    remedy:
      'If that data may be lost, the message has the command that deletes the volume. Then retry with `spec.upgrade.requests.retry`',
  },
  DiskRepairFailed: {
    scopes: ['Cluster'],
    meaning: 'a member has lost its volume and could not be removed from Raft, so it cannot join again',
    remedy: 'The message has the command',
  },
  DeadServerCleanupOff: {
    scopes: ['Cluster'],
    meaning:
      'autopilot is to remove dead servers again after an upgrade, and could not be told. Nothing is unsafe: dead servers are only not removed',
    remedy: 'The message has the command',
  },
  VolumeDeleting: {
    scopes: ['Cluster'],
    meaning:
      'somebody has deleted the volume of a member that runs on it. It goes for ever when the pod stops, so no pod is stopped and no eviction is allowed',
    remedy: `Take a snapshot first; then give one member at a time a new volume: [volumes that are being deleted](${documents.goingVolumes})`,
  },
  RevisionUnknown: {
    scopes: ['Cluster'],
    meaning:
      'there are members, or volumes, of more than one revision, and the status does not say which of them serve. What runs goes on serving; nothing is applied',
    remedy: `Say which of them is live, and remove what is not to stay: [which members are live](${documents.revision})`,
  },
  MemberWithoutMembership: {
    scopes: ['Cluster'],
    meaning:
      'a member runs, but Raft does not list it, and with its data it cannot join again. Clients may read old values from it',
    remedy: 'The message has the command',
  },
  NoLeader: {
    scopes: ['Cluster'],
    meaning:
      'no member has led for five minutes, and no operation is in progress: an outage that does not pass by itself',
    remedy: `Bring the members back; the message says what each of them answers. Delete no volume. Where the disks of a majority are lost: [into an empty cluster](${documents.emptyCluster})`,
  },
  LeaderUnknown: {
    scopes: ['Cluster'],
    meaning:
      'for five minutes it could not be told who leads, because members did not answer or answered otherwise than is understood',
    remedy:
      'The message has the cause. Look whether their pods run, and whether the controller reaches them (NetworkPolicies, certificates)',
  },
  NotInitialized: {
    scopes: ['Cluster'],
    meaning: 'a new cluster was not initialized within 15 minutes',
    remedy:
      'See what keeps its first member from running: an image that cannot be pulled, a volume that is not bound, a seal that cannot be opened. It goes on by itself when that is mended',
  },
  SelfInitRequired: {
    scopes: ['Cluster'],
    meaning: '`selfInit.enabled` is false and the cluster is not initialized',
    remedy: `[Initialize it yourself](${documents.initialize})`,
  },
  DataMissing: {
    scopes: ['Cluster'],
    meaning:
      'the cluster was initialized, as its status or its volumes say, and every member answers that it is not: no other cluster is made in its place',
    remedy: `Bring the volumes back. If the data is lost: [into an empty cluster](${documents.emptyCluster})`,
  },
  UnsealKeyMissing: {
    scopes: ['Cluster'],
    meaning: 'the Secret of the unseal key is missing, and cannot be created again',
    remedy: `Put it back [from your backup](${documents.backUpUnsealKey}). Never delete volumes to "fix" it`,
  },
  UnsealKeyDeleting: {
    scopes: ['Cluster'],
    meaning: 'somebody has deleted the Secret of the unseal key, and its finalizer alone still keeps it',
    remedy:
      'Save the Secret, take its finalizer off, and create it again. The message has the commands. No pod is restarted until then',
  },
  SealCredentialsMissing: {
    scopes: ['Cluster'],
    meaning:
      'the Secret that members log in to the key service of their seal with is missing, or has not all entries',
    remedy: `Create it. The message has the command. No pod is changed until then: [seals](${documents.seals})`,
  },
  SealChanged: {
    scopes: ['Cluster'],
    meaning: '`spec.unseal` names another seal, or another key of it, than the data is sealed with',
    remedy: `Put \`spec.unseal\` back. Until then no pod is changed, and none is told of the new seal: [seals](${documents.seals})`,
  },
  CertificatesMissing: {
    scopes: ['Cluster'],
    meaning: 'a Secret of certificates that cannot be created again is missing',
    remedy: 'Put it back from your backup. Never delete volumes to "fix" it',
  },
  IssuerNotTrusted: {
    scopes: ['Cluster'],
    meaning: 'tokens are signed with a key that the cluster does not have',
    remedy: `With a login of your own, write \`jwt_validation_pubkeys\`: [new keys](${documents.issuerKeys})`,
  },
  ApplyRefused: {
    scopes: ['Cluster', 'Release'],
    meaning: 'the API server refuses an object that the spec asks for',
    remedy: 'The message has its answer. Correct the spec',
  },
  SourceMissing: {
    scopes: ['Restore'],
    meaning: 'neither the restore nor the cluster has a store',
    remedy: 'Create another OpenBaoRestore with `spec.source`. Nothing was changed',
  },
  SnapshotVersionUnknown: {
    scopes: ['Restore'],
    meaning: 'it is unknown, or contradictory, which OpenBao version made the snapshot',
    remedy: 'Create another OpenBaoRestore with `spec.snapshotVersion`. Nothing was changed',
  },
  SnapshotNewer: {
    scopes: ['Restore'],
    meaning: 'the cluster runs an older version than the one that made the snapshot',
    remedy: 'Upgrade the cluster first, or take a snapshot that this version or an older one made',
  },
  VerificationFailed: {
    scopes: ['Restore'],
    meaning: 'the Job that verifies the snapshot ended without a report',
    remedy: "Read the Job's log. Nothing was changed. Then create another OpenBaoRestore",
  },
  ClusterGone: {
    scopes: ['Restore'],
    meaning: 'the cluster was deleted meanwhile',
    remedy: 'Create the cluster again, then another OpenBaoRestore',
  },
  ClusterReplaced: {
    scopes: ['Restore'],
    meaning: 'the cluster was deleted meanwhile, and another one has its name, whose data nobody meant',
    remedy:
      'The message says whether anything may have been done to it. If its data is to be replaced, create another OpenBaoRestore',
  },
  RestoreRefused: {
    scopes: ['Restore'],
    meaning: 'OpenBao refused the snapshot. Nothing was changed',
    remedy: 'The message has its answer. Fix the cause, then create another OpenBaoRestore',
  },
  SealedAfterRestore: {
    scopes: ['Restore'],
    meaning: 'the unseal key of the members does not open the snapshot, which was restored with force',
    remedy: `Put the key that the snapshot was made under into the Secret \`NAME-unseal-key\`, from [your backup](${documents.backUpUnsealKey}), then delete the pods. With another seal than \`static\`, restore into a cluster that has the seal of the snapshot. The message has the command`,
  },
  RestoreOutcomeUnknown: {
    scopes: ['Restore'],
    meaning: 'it is unknown whether the snapshot was restored',
    remedy:
      'Look at the data with a new login. A restore is never retried automatically; the message says what to look at',
  },
  MembershipNotRepaired: {
    scopes: ['Restore'],
    meaning: 'the data is restored, but not all members are voters again',
    remedy: `With [a person's token](${documents.personsToken}), give each member its vote back (\`bao operator raft promote POD\`), then restart all of them by a new \`spec.maintenance.restartAt\`. Where the roles in the data are another cluster's, the message has the command that binds them to this one`,
  },
  SpecConflict: {
    scopes: ['Release'],
    meaning: 'something put back into the spec what a rollback had removed',
    remedy: 'Change the tags at the source of the field manager that the message names',
  },
  RollbackRequestReturned: {
    scopes: ['Release'],
    meaning: 'something put back a rollback request that was already handled',
    remedy: 'Remove the annotation at the source of the field manager that the message names',
  },
  ReleaseRecordLost: {
    scopes: ['Release'],
    meaning: 'the inputs of a release are in no ControllerRevision and not in the spec',
    remedy: 'Change the spec, which starts another release',
  },
} as const satisfies Record<string, HoldReasonEntry>;

export type HoldReason = keyof typeof holdReasons;

/** The reasons that this scope gives. */
export type HoldReasonOf<Scope extends HoldScope> = {
  [Reason in HoldReason]: Scope extends (typeof holdReasons)[Reason]['scopes'][number] ? Reason : never;
}[HoldReason];

/** Whether a word, such as status.lastErrorReason, is a reason that this scope gives. */
export const isHoldReasonOf = <Scope extends HoldScope>(
  scope: Scope,
  word: string | undefined,
): word is HoldReasonOf<Scope> =>
  word !== undefined &&
  Object.hasOwn(holdReasons, word) &&
  (holdReasons[word as HoldReason] as HoldReasonEntry).scopes.includes(scope);
