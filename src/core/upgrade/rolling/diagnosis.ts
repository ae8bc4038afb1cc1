import type { ObjectMeta } from '../../../api/kubernetes.ts';
import { clusterLabel, componentLabel, components } from '../../../api/labels.ts';
import type { RollingUpgrade } from '../../../api/openbaocluster.ts';
import { names, serverContainer } from '../../workload/names.ts';

/** A command that shows why an upgrade holds. */
export interface Look {
  /** A clause: what it shows. */
  readonly why: string;
  /** What follows `kubectl `, for a shell. */
  readonly words: string;
}

type Metadata = Pick<ObjectMeta, 'name' | 'namespace'>;

const member = ({ name = '', namespace = 'default' }: Metadata, upgrade: RollingUpgrade): readonly Look[] => {
  const { phase, catchUp, replacing, currentPartition = 0 } = upgrade;
  const caught = phase === 'Replacing' ? undefined : catchUp?.[0]?.ordinal;
  const ordinal = caught ?? replacing?.ordinal ?? currentPartition;
  const pod = names(name).pod(ordinal);
  return [
    { why: `see what keeps ${pod}`, words: `describe pod ${pod} -n ${namespace}` },
    {
      why: `see what ${pod} said last, if it has ended before`,
      words: `logs ${pod} -n ${namespace} -c ${serverContainer} --previous`,
    },
  ];
};

const statefulSet = ({ name = '', namespace = 'default' }: Metadata): readonly Look[] => [
  { why: 'see what keeps the StatefulSet', words: `describe statefulset ${name} -n ${namespace}` },
];

const members = ({ name = '', namespace = 'default' }: Metadata): readonly Look[] => [
  {
    why: 'see what its pods say',
    words: `describe pods -n ${namespace} -l ${clusterLabel}=${name},${componentLabel}=${components.server}`,
  },
];

const jobs = ({ name = '', namespace = 'default' }: Metadata): readonly Look[] => {
  const selector = `'${clusterLabel}=${name},${componentLabel} in (${components.upgrade},${components.snapshot})'`;
  return [
    { why: 'see what keeps its Jobs', words: `describe pods -n ${namespace} -l ${selector}` },
    { why: 'see what they said', words: `logs -n ${namespace} -l ${selector} --tail=50 --prefix` },
  ];
};

const looks: Readonly<Record<string, (metadata: Metadata, upgrade: RollingUpgrade) => readonly Look[]>> = {
  PreChecksTimeout: members,
  LoginFailed: jobs,
  SnapshotStoreUnusable: jobs,
  TargetImageUnusable: jobs,
  PreUpgradeSnapshotFailed: jobs,
  TemplateNotApplied: statefulSet,
  StepDownFailed: jobs,
  StepDownTimeout: jobs,
  PodNotReady: member,
  NotCaughtUp: member,
  NotConverged: statefulSet,
};

/**
 * Where to look when an upgrade holds for this reason; nowhere where its message says all there is to know.
 *
 * @param reason status.lastErrorReason
 */
export const diagnosis = (metadata: Metadata, upgrade: RollingUpgrade, reason: string): readonly Look[] =>
  looks[reason]?.(metadata, upgrade) ?? [];
