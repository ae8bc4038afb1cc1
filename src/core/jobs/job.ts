import type { KubernetesObject } from '../../api/kubernetes.ts';
import { actionAnnotation, componentLabel, operationAnnotation } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { child, labelsOf } from '../workload/metadata.ts';
import { jobName } from './job-name.ts';
import type { JobStep } from './step.ts';

/** Ended Jobs, failed ones above all, stay readable for a day. */
const keptSeconds = 24 * 60 * 60;

/** What the pod of a Job asks for. */
export const jobResources = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { memory: '256Mi' },
} as const;

/** What differs from one Job to another. */
interface JobPod {
  readonly component: string;
  /** Of the pod, beside those of every Job. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** User and group of the container. */
  readonly user: { readonly uid: number; readonly gid: number };
  readonly activeDeadlineSeconds: number;
  readonly resources?: object;
  readonly container: {
    readonly name: string;
    readonly image: string;
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    readonly env?: readonly object[];
    readonly volumeMounts?: readonly object[];
  };
  readonly volumes?: readonly object[];
}

/**
 * A Job that runs one container once: no retries of its own (the controller decides on those), the
 * restricted pod security standard, no API token, and gone with its cluster.
 */
export function job(
  cluster: OpenBaoCluster,
  wanted: JobStep,
  {
    component,
    labels: more = {},
    serviceAccount,
    user,
    activeDeadlineSeconds,
    resources = jobResources,
    container,
    volumes = [],
  }: JobPod,
): KubernetesObject {
  const labels = { ...labelsOf(cluster), [componentLabel]: component };
  const annotations = { [actionAnnotation]: wanted.action, [operationAnnotation]: wanted.operationId };
  const name = jobName(cluster.metadata.name ?? '', wanted);
  const object = child(
    cluster,
    { apiVersion: 'batch/v1', kind: 'Job', name },
    {
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds,
        ttlSecondsAfterFinished: keptSeconds,
        template: {
          metadata: { labels: { ...labels, ...more }, annotations },
          spec: {
            restartPolicy: 'Never',
            serviceAccountName: serviceAccount,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 5,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: user.uid,
              runAsGroup: user.gid,
              fsGroup: user.gid,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                ...container,
                // The end of the log stands in when the process dies before its report.
                terminationMessagePolicy: 'FallbackToLogsOnError',
                resources,
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
              },
            ],
            volumes,
          },
        },
      },
    },
  );
  return { ...object, metadata: { ...object.metadata, labels, annotations } };
}
