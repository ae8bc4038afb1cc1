import { clusterLabel, rollbackToAnnotation, volumeMarks, type Verb } from '../../api/labels.ts';
import { clusterDemands } from './cluster-permission-required.ts';

/** A change that needs a right of its own, beside the right to send the request. */
interface AuthorityRow {
  /** What is sent. */
  readonly request: string;
  readonly path: string;
  /** Kubernetes' own `impersonate` too, which the gate asks for as for its own. */
  readonly verb: Verb | 'impersonate';
  /** What the right is held on. */
  readonly on: 'openbaoclusters' | 'metadataservices' | 'serviceaccounts';
  /** A clause: of which change. */
  readonly when: string;
}

const maintenance = { verb: 'maintenance', on: 'openbaoclusters' } as const;

/** Everything that is asked by SubjectAccessReview, for the documents; a test sends each of them. */
export const authority: readonly AuthorityRow[] = [
  ...clusterDemands.map(
    (demand) => ({ request: 'OpenBaoCluster CREATE, UPDATE', on: 'openbaoclusters', ...demand }) as const,
  ),
  {
    request: 'OpenBaoCluster CREATE, UPDATE',
    path: 'spec.version',
    ...maintenance,
    when: 'a volume was there before the cluster and says no version, and nothing else does',
  },
  {
    request: 'Pod DELETE',
    path: 'metadata.name',
    ...maintenance,
    when: 'it is a member that runs, or with a grace period of 0 one that is ending',
  },
  {
    request: 'Pod eviction',
    path: 'metadata.name',
    ...maintenance,
    when: 'it is a member, and the grace period is 0',
  },
  ...volumeMarks.map(
    (mark) =>
      ({
        request: 'PersistentVolumeClaim CREATE, UPDATE',
        path: `metadata.annotations[${mark}]`,
        ...maintenance,
        when: "it is written, changed or taken off a member's volume",
      }) as const,
  ),
  {
    request: 'PersistentVolumeClaim UPDATE',
    path: `metadata.labels[${clusterLabel}]`,
    ...maintenance,
    when: "it is changed on a member's volume",
  },
  {
    request: 'MetadataServices CREATE, UPDATE',
    path: `metadata.annotations[${rollbackToAnnotation}]`,
    verb: 'rollback',
    on: 'metadataservices',
    when: 'it names a release',
  },
  {
    request: 'MetadataServices CREATE, UPDATE',
    path: 'spec.serviceAccountName',
    verb: 'impersonate',
    on: 'serviceaccounts',
    when: 'it names another account than before, but for the default one',
  },
];
