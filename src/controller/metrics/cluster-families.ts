import { openBaoClusterStatus, type OpenBaoCluster } from '../../api/openbaocluster.ts';
import { wantedReplicas } from '../../core/model/selectors.ts';
import { conditionsFamily, oneOf, secondsSince, single, type Family } from './families.ts';
import { upgradePhases, upgradeUnderWay } from './active-upgrade.ts';

/** A metric, and how it follows from a cluster. */
type ClusterFamily = Family<OpenBaoCluster>;

const upgradeOf = ({ status }: OpenBaoCluster) => upgradeUnderWay(status);

const info: ClusterFamily = {
  name: 'rollguard_cluster_info',
  help: 'Always 1; the versions and the image of a cluster as labels',
  labels: ['version', 'current_version', 'target_version', 'image'],
  samples: ({ spec, status }) => [
    {
      labels: {
        version: spec.version,
        current_version: status?.currentVersion ?? '',
        target_version: upgradeUnderWay(status)?.targetVersion ?? '',
        image: status?.image ?? '',
      },
      value: 1,
    },
  ],
};

const clusterPhase: ClusterFamily = {
  name: 'rollguard_cluster_phase',
  help: 'status.phase: 1 for the one that it is in',
  labels: ['phase'],
  samples: ({ status }) => oneOf(openBaoClusterStatus.properties.phase.enum, status?.phase),
};

const upgradePhase: ClusterFamily = {
  name: 'rollguard_upgrade_phase',
  help: 'Phase of the upgrade under way: 1 for the one that it is in; no series while idle',
  labels: ['phase'],
  samples(cluster) {
    const upgrade = upgradeOf(cluster);
    return upgrade === undefined ? [] : oneOf(upgradePhases, upgrade.phase);
  },
};

const held: ClusterFamily = {
  name: 'rollguard_upgrade_held',
  help: '1 while the upgrade waits for a person, by status.lastErrorReason; no series while it does not',
  labels: ['reason'],
  samples: ({ status }) =>
    upgradeUnderWay(status)?.held === true
      ? [{ labels: { reason: status?.lastErrorReason ?? 'Unknown' }, value: 1 }]
      : [],
};

/** Everything that is said of each cluster. A test holds the rules in manifests/monitoring to these names. */
export const clusterFamilies: readonly ClusterFamily[] = [
  info,
  clusterPhase,
  conditionsFamily('rollguard_cluster_condition'),
  single('rollguard_cluster_replicas', 'Members that spec asks for', wantedReplicas),
  single(
    'rollguard_cluster_ready_replicas',
    'Pods that are Ready, as of the last status',
    ({ status }) => status?.readyReplicas,
  ),
  single('rollguard_cluster_paused', 'spec.paused', ({ spec }) => spec.paused ?? false),
  single(
    'rollguard_cluster_break_glass',
    'Whether an incident waits for an acknowledgement',
    ({ status }) => status?.breakGlass?.active ?? false,
  ),
  single(
    'rollguard_cluster_unobserved_generations',
    'Changes of spec that the status does not speak of yet',
    ({ metadata, status }) =>
      Math.max(0, (metadata.generation ?? 0) - Math.max(0, status?.observedGeneration ?? 0)),
  ),
  upgradePhase,
  held,
  single(
    'rollguard_upgrade_seconds',
    'Seconds since the upgrade under way started; no series while idle',
    (cluster, now) => secondsSince(upgradeOf(cluster)?.startedAt, now),
  ),
  single('rollguard_upgrade_step_seconds', 'Seconds that it is in its phase', (cluster, now) =>
    secondsSince(upgradeOf(cluster)?.phaseStartedAt, now),
  ),
  single(
    'rollguard_upgrade_open_ended',
    'Whether no deadline runs: a person, a hook, or a time that spec names is waited for; blue-green alone',
    ({ status }) => status?.blueGreen && upgradeUnderWay(status)?.isOpenEnded,
  ),
  single(
    'rollguard_upgrade_crossing_seconds',
    'Seconds since the first green member got a vote; no series when none has',
    (cluster, now) => secondsSince(upgradeOf(cluster)?.crossedAt, now),
  ),
  single('rollguard_upgrade_pods', 'Pods that it has to replace, rolling', (cluster) =>
    cluster.status?.upgrade === undefined ? undefined : (cluster.status.replicas ?? wantedReplicas(cluster)),
  ),
  single(
    'rollguard_upgrade_completed_pods',
    'Pods that run its target and have caught up',
    ({ status }) => status?.upgrade && (status.upgrade.completedPods ?? []).length,
  ),
  single(
    'rollguard_upgrade_leadership_changes',
    'Leaders that followed another since it started',
    (cluster) => {
      const upgrade = upgradeOf(cluster);
      return upgrade && (upgrade.leadershipChanges ?? 0);
    },
  ),
  single(
    'rollguard_upgrade_step_downs',
    'Step-downs that it asked for',
    ({ status }) => status?.upgrade && (status.upgrade.stepDowns ?? 0),
  ),
  single(
    'rollguard_raft_voters',
    'Voters, as the leader last reported them',
    ({ status }) => status?.raft?.voters?.length,
  ),
  single(
    'rollguard_raft_non_voters',
    'Other members, as the leader last reported them',
    ({ status }) => status?.raft?.nonVoters?.length,
  ),
  single(
    'rollguard_snapshot_configured',
    'Whether spec names a store for snapshots',
    ({ spec }) => spec.backup?.target !== undefined,
  ),
  single('rollguard_snapshot_age_seconds', 'Seconds since the newest verified snapshot', ({ status }, now) =>
    secondsSince(status?.backup?.latestSnapshot?.takenAt, now),
  ),
  single(
    'rollguard_snapshot_size_bytes',
    'Size of the newest verified snapshot',
    ({ status }) => status?.backup?.latestSnapshot?.size,
  ),
];
