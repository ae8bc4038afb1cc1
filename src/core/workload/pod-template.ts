import { componentLabel, components, restartAtAnnotation, revisionLabel } from '../../api/labels.ts';
import type { OpenBaoCluster } from '../../api/openbaocluster.ts';
import { defined } from '../../api/object-fields.ts';
import { apiAddress, usesTls } from './configuration.ts';
import { fingerprint } from '../model/fingerprint.ts';
import type { WorkloadInputs } from './inputs.ts';
import { labelsOf, memberSelector } from './metadata.ts';
import { names, podHost, ports, serverContainer } from '../model/names.ts';
import { memberResources } from './member-resources.ts';
import { files, paths } from './paths.ts';
import { probes } from './probes.ts';
import { sealEnvironment, sealLabels } from './seal.ts';
import { volumeMounts, volumes } from './volumes.ts';

/** Annotation on the pod template: what the user set of OpenBao's configuration, which is read at a start alone. */
const configurationAnnotation = 'rollguard.io/configuration-hash';

/** The user and group of OpenBao's image. */
export const openbaoUser = { uid: 100, gid: 1000 } as const;

/**
 * A pod of a member: restricted by the pod security standards, one per node as far as there are nodes. What a new
 * Rollguard makes otherwise waits behind the partition for the next restart (docs/design.md, rule 12).
 */
export function podTemplate({ cluster, revision, image, restartAt }: WorkloadInputs): object {
  const annotations = { ...configurationHash(cluster), ...restartAnnotation(restartAt) };
  return {
    metadata: {
      labels: {
        ...labelsOf(cluster),
        ...sealLabels(cluster),
        [componentLabel]: components.server,
        [revisionLabel]: revision,
      },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      serviceAccountName: names(cluster.metadata.name ?? '').serviceAccount,
      // OpenBao labels its own pod with it, from the fixed path.
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      // Requests of up to 90 s may be under way when it leads.
      terminationGracePeriodSeconds: 120,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: openbaoUser.uid,
        runAsGroup: openbaoUser.gid,
        fsGroup: openbaoUser.gid,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      affinity: spreadOverNodes(cluster),
      containers: [container(cluster, image)],
      volumes: volumes(cluster),
    },
  };
}

const restartAnnotation = (restartAt: string | undefined) => defined({ [restartAtAnnotation]: restartAt });

/** Of what the user chose and a running server does not read again. Addresses to join and self-init are not among it. */
function configurationHash({ spec }: OpenBaoCluster): Record<string, string> {
  // Stored by OpenBao at self-init, no start-up setting.
  const { serverStabilizationTime: _, ...raft } = spec.configuration?.raft ?? {};
  return Object.keys(raft).length === 0 ? {} : { [configurationAnnotation]: fingerprint({ raft }) };
}

const spreadOverNodes = (cluster: OpenBaoCluster) => ({
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchLabels: memberSelector(cluster) },
        },
      },
    ],
  },
});

function container(cluster: OpenBaoCluster, image: string): object {
  return {
    name: serverContainer,
    image,
    command: ['/bin/sh', `${paths.configuration}/${files.start}`],
    env: environment(cluster),
    ports: [
      { name: 'api', containerPort: ports.api, protocol: 'TCP' },
      { name: 'cluster', containerPort: ports.cluster, protocol: 'TCP' },
    ],
    ...probes(usesTls(cluster)),
    resources: memberResources(cluster),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: volumeMounts(cluster),
    // Why OpenBao ended stands in its log alone: an upgrade names it, and may go back by it.
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

const field = (variable: string, fieldPath: string) => ({
  name: variable,
  valueFrom: { fieldRef: { fieldPath } },
});

/** Who the member is. A variable may name those before it. */
function environment(cluster: OpenBaoCluster): readonly object[] {
  const { name = '', namespace = '' } = cluster.metadata;
  const own = '$(BAO_K8S_POD_NAME)';
  return [
    field('BAO_K8S_POD_NAME', 'metadata.name'),
    field('BAO_K8S_NAMESPACE', 'metadata.namespace'),
    // The start script chooses the configuration by it.
    field('ROLLGUARD_REVISION', `metadata.labels['${revisionLabel}']`),
    { name: 'BAO_RAFT_NODE_ID', value: own },
    { name: 'BAO_API_ADDR', value: apiAddress(cluster, own) },
    { name: 'BAO_CLUSTER_ADDR', value: `https://${podHost(name, namespace, own)}:${ports.cluster}` },
    // For whoever runs bao by kubectl exec.
    { name: 'BAO_ADDR', value: `${usesTls(cluster) ? 'https' : 'http'}://127.0.0.1:${ports.api}` },
    ...(usesTls(cluster) ? [{ name: 'BAO_CACERT', value: `${paths.tls}/ca.crt` }] : []),
    // `bao login` keeps the token there; the image's own home cannot be written.
    { name: 'HOME', value: paths.temporary },
    ...sealEnvironment(cluster),
  ];
}
