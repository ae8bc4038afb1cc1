import { clusterLabel, componentLabel, components } from '../../../api/labels.ts';
import type { OpenBaoCluster, RollingUpgrade } from '../../../api/openbaocluster.ts';
import { liveNames } from '../../model/members.ts';
import { serverContainer } from '../../model/names.ts';
import type { FailureReason } from './failure.ts';

/** A command that shows why an upgrade holds. */
export interface Look {
  /** A clause: what it shows. */
  readonly why: string;
  /** What follows `kubectl `, for a shell. */
  readonly words: string;
}

type Cluster = Pick<OpenBaoCluster, 'metadata' | 'status'>;

const member = (cluster: Cluster, upgrade: RollingUpgrade): readonly Look[] => {
  const { namespace = 'default' } = cluster.metadata;
  const { phase, catchUp, replacing, currentPartition = 0 } = upgrade;
  const caught = phase === 'Replacing' ? undefined : catchUp?.[0]?.ordinal;
  const ordinal = caught ?? replacing?.ordinal ?? currentPartition;
  const pod = liveNames(cluster).pod(ordinal);
  return [
    { why: `see why ${pod} is not ready`, words: `describe pod ${pod} -n ${namespace}` },
    {
      why: `see the log of the previous container of ${pod}`,
      words: `logs ${pod} -n ${namespace} -c ${serverContainer} --previous`,
    },
  ];
};

const statefulSet = (cluster: Cluster): readonly Look[] => [
  {
    why: 'see why the StatefulSet does not progress',
    words: `describe statefulset ${liveNames(cluster).statefulSet} -n ${cluster.metadata.namespace ?? 'default'}`,
  },
];

/** All members: where nothing more is known of who is to blame. */
export const membersLook = ({ metadata: { name = '', namespace = 'default' } }: Cluster): readonly Look[] => [
  {
    why: 'see the state of its pods',
    words: `describe pods -n ${namespace} -l ${clusterLabel}=${name},${componentLabel}=${components.server}`,
  },
];

const jobs = ({ metadata: { name = '', namespace = 'default' } }: Cluster): readonly Look[] => {
  const selector = `'${clusterLabel}=${name},${componentLabel} in (${components.upgrade},${components.snapshot})'`;
  return [
    { why: 'see why its Jobs do not progress', words: `describe pods -n ${namespace} -l ${selector}` },
    { why: 'see the logs of its Jobs', words: `logs -n ${namespace} -l ${selector} --tail=50 --prefix` },
  ];
};

const quotas = ({ metadata: { namespace = 'default' } }: Cluster): readonly Look[] => [
  { why: 'see the usage of its quotas', words: `describe resourcequota -n ${namespace}` },
];

const storage = (): readonly Look[] => [
  { why: 'see the existing volumes and StorageClasses', words: 'get storageclass,persistentvolume' },
];

const nowhere = (): readonly Look[] => [];

const looks: Readonly<Record<FailureReason, (cluster: Cluster, upgrade: RollingUpgrade) => readonly Look[]>> =
  {
    PreChecksTimeout: membersLook,
    LoginFailed: jobs,
    SnapshotStoreUnusable: jobs,
    TargetImageUnusable: jobs,
    SealUnproved: jobs,
    QuotaExceeded: quotas,
    StorageUnavailable: storage,
    PreUpgradeSnapshotFailed: jobs,
    TemplateNotApplied: statefulSet,
    StepDownFailed: jobs,
    StepDownTimeout: jobs,
    PodNotReady: member,
    NotCaughtUp: member,
    NotConverged: statefulSet,
    MemberUnreadable: membersLook,
    // Their messages say all there is to know.
    PolicyViolation: nowhere,
    DowngradeBlocked: nowhere,
    NamespacesWouldSeal: nowhere,
    NamespaceSealsUnknown: nowhere,
    QuorumWouldBeLost: nowhere,
    OperationLockHeld: nowhere,
    OperationLockLost: nowhere,
    VersionMismatch: nowhere,
    UpgradeJobFailed: nowhere,
    TwoClusters: nowhere,
    MembershipMismatch: nowhere,
  };

/**
 * Where to look when an upgrade holds for this reason; nowhere where its message says all there is to know.
 *
 * @param reason status.lastErrorReason
 */
export const diagnosis = (cluster: Cluster, upgrade: RollingUpgrade, reason: string): readonly Look[] =>
  Object.hasOwn(looks, reason) ? looks[reason as FailureReason](cluster, upgrade) : [];
