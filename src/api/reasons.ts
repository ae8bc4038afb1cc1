import { documents } from './documents.ts';

/**
 * Every reason that the gate gives, once: what it means and what to do about it.
 * The order is the order of the rules; the first violated one is the reason of the
 * HTTP answer. docs/reference/reasons.md is generated from it.
 */
interface ReasonEntry {
  /** HTTP status of a denial, 4xx. 409 and 429 are left out: clients retry them by themselves. */
  readonly code: 403 | 422;
  /** What is refused: one clause, without a full stop. */
  readonly when: string;
  /** Why it matters: one sentence, without a full stop. */
  readonly meaning: string;
  /** What to do about it in general: one sentence, without a full stop. A denial says it with its own values. */
  readonly remedy: string;
  /** The page that has the way out step by step, from the root of the repository. */
  readonly guide?: string;
}

export const reasons = {
  InvalidVersion: {
    code: 422,
    when: 'spec.version is not a semantic version',
    meaning: 'the order of versions is what keeps data readable, so a version must be a semantic version',
    remedy: 'write spec.version as MAJOR.MINOR.PATCH, for example 2.6.2',
  },
  DowngradeBlocked: {
    code: 403,
    when: 'spec.version is lower than a version that has run here, or changes while the versions that have run cannot be read, or were not written down on a volume of an earlier cluster',
    meaning: 'an older OpenBao may not read what a newer one has written',
    remedy:
      'keep spec.version at or above the version that has run; to return to an older version, restore a snapshot that it made into an empty cluster',
    guide: documents.downgrade,
  },
  ImageVersionMismatch: {
    code: 422,
    when: 'the tag of spec.image names another version than spec.version, or names none and stays while spec.version changes',
    meaning: 'the image would run another version than the one that was validated',
    remedy: 'set the tag of spec.image and spec.version to the same version, or remove spec.image',
  },
  InvalidImageReference: {
    code: 422,
    when: 'spec.image is not an image reference',
    meaning: 'nodes cannot pull such an image',
    remedy: 'write spec.image as [registry[:port]/]repository[:tag][@digest]',
  },
  StaleNonce: {
    code: 403,
    when: 'break glass is active and spec.breakGlassAck is set to a value other than its nonce',
    meaning: 'an acknowledgement is valid for one incident only, so it must be the nonce of the current one',
    remedy:
      'repair the incident as status.breakGlass.steps says, then set spec.breakGlassAck to status.breakGlass.nonce',
  },
  NoActiveBreakGlass: {
    code: 403,
    when: 'break glass is not active and spec.breakGlassAck is set to a value that is not an earlier nonce of this cluster',
    meaning: 'an acknowledgement in advance would accept the next incident before anybody has seen it',
    remedy: 'leave spec.breakGlassAck as it was; no incident needs an acknowledgement',
  },
  UpgradePathBlocked: {
    code: 403,
    when: 'the new version is known to fail from the running one, with this strategy, or with this seal',
    meaning:
      'what is known to fail stops halfway, with two versions in one cluster or with members that cannot unseal',
    remedy:
      'choose a version or a strategy that the table of upgrade paths leaves open; change spec.upgrade.strategy in a separate change',
    guide: documents.upgradePaths,
  },
  SealUnsupported: {
    code: 403,
    when: 'spec.version, or a new seal, needs a KMS plugin that spec.unseal.plugin does not name, or that this version cannot use',
    meaning: 'a member that cannot open its seal exits at its start, so every pod that is replaced is lost',
    remedy:
      'set spec.unseal.plugin to the plugin of the seal, before the upgrade or together with it, or choose another version',
    guide: documents.seals,
  },
  SealChangeBlocked: {
    code: 403,
    when: 'spec.unseal names another seal, or another key of it, than the data of an initialized cluster is sealed with',
    meaning: 'no member could open its data with another seal or key, and Rollguard does not migrate seals',
    remedy: 'put spec.unseal back; for another seal create another OpenBaoCluster and move the secrets there',
    guide: documents.seals,
  },
  StrategyChangeBlocked: {
    code: 403,
    when: 'spec.upgrade.strategy changes together with another field, or while an operation is in progress',
    meaning: 'an upgrade that started with one strategy cannot continue with the other',
    remedy:
      'change only spec.upgrade.strategy, while no operation is in progress and spec.version is the running version',
  },
  OperationInProgress: {
    code: 403,
    when: 'the version, image or replicas change while votes are transferred, during a rollback or in break glass. It is also given when a cluster is deleted during an operation without its confirmation',
    meaning: 'the remaining steps of an operation depend on the state at its start',
    remedy:
      'apply the change when the operation has ended; to return to the previous version, set spec.upgrade.requests.rollback to a new value',
  },
  SnapshotPrerequisiteMissing: {
    code: 422,
    when: 'a snapshot before upgrades is enabled, and spec.backup does not name a complete store for it',
    meaning: 'an upgrade that needs a snapshot cannot start without a store for it',
    remedy: 'set spec.backup.target, or disable the snapshot before upgrades',
  },
  MaintenanceRequired: {
    code: 403,
    when: 'a pod of a cluster is deleted, or evicted with a grace period of 0, that does not have the annotation openbao.org/maintenance=true',
    meaning: 'deleting a member of a Raft cluster by accident can cost its quorum',
    remedy: 'set spec.maintenance.enabled=true on the OpenBaoCluster first, then delete one pod at a time',
    guide: documents.deletePod,
  },
  PermissionRequired: {
    code: 403,
    when: 'a user without the verb changes maintenance, an acknowledgement or a request, loosens an upgrade under way, names what gets secrets or where they are sent, deletes a pod, or changes what Rollguard has written on a volume',
    meaning: 'only the people who are responsible for the cluster may do this',
    remedy: 'ask a cluster admin for a Role with the verb that the message names, on that kind',
  },
  PointOfNoReturn: {
    code: 403,
    when: 'spec.upgrade.requests.rollback is set after Cleanup has begun',
    meaning:
      'after Cleanup has begun, the older members no longer have votes, and there is nothing to roll back to',
    remedy:
      'let Cleanup finish; to return to the older version, restore a snapshot that it made into an empty cluster',
    guide: documents.emptyCluster,
  },
  NameReserved: {
    code: 422,
    when: "metadata.name of a new cluster ends as the names of another cluster's objects do: -public, -active, -upgrade, -backup, -restore, or -r and ten hexadecimal digits",
    meaning:
      'two clusters would share a Service, a set of members, or an account that may log in to one of them',
    remedy: 'give the cluster another name',
  },
  NamespaceUnguarded: {
    code: 422,
    when: 'a cluster is created in kube-system, kube-node-lease or rollguard-system',
    meaning:
      'the webhooks for pods leave these namespaces out, so that what runs there comes up while the gate is down',
    remedy: 'create the cluster in a namespace of its own',
  },
  RollbackTargetEmpty: {
    code: 422,
    when: 'e6data.io/rollback-to is set to an empty value',
    meaning: 'without the name of a release, the target of the rollback would be a guess',
    remedy: 'set e6data.io/rollback-to to the name of a release of status.releaseHistory, or remove it',
  },
  NoGoodRelease: {
    code: 403,
    when: 'a rollback of MetadataServices is requested, and none of its releases has ever received traffic',
    meaning: 'there is nothing to roll back to until a release has received traffic',
    remedy: 'correct the spec instead; it is deployed immediately',
  },
  DeletionNotConfirmed: {
    code: 403,
    when: 'a cluster is deleted under deletionPolicy DeletePVCs or DeleteAll without its confirmation',
    meaning: 'data that is deleted with a cluster cannot be recovered',
    remedy:
      "set spec.deletionPolicy to Retain, or write the cluster's uid into its annotation rollguard.io/confirm-delete",
  },
} as const satisfies Record<string, ReasonEntry>;

export type Reason = keyof typeof reasons;

/** All reasons, in the order of the rules. */
export const reasonOrder = Object.keys(reasons) as readonly Reason[];
