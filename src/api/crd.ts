import { statusBeforeFirstLook } from './fields.ts';
import { metadataServices } from './metadataservices.ts';
import { openBaoCluster } from './openbaocluster.ts';
import { openBaoRestore } from './openbaorestore.ts';
import type { StructuralSchema } from './structural.ts';

/** The upgrade in progress, by whichever strategy: of several results kubectl shows the first. */
const eitherUpgrade = `.status['upgrade','blueGreen']`;
const targetPath = `.status['upgrade.targetVersion','blueGreen.greenVersion']`;

/** The CustomResourceDefinition of OpenBaoCluster, made from its schema. */
export const openBaoClusterCrd = (): object =>
  crd({
    kind: 'OpenBaoCluster',
    group: 'openbao.org',
    plural: 'openbaoclusters',
    names: { shortNames: ['bao', 'baoc'], categories: ['openbao'] },
    columns: [
      column('Version', '.spec.version', 'string', 'The OpenBao version that the spec asks for.'),
      column(
        'Current',
        '.status.currentVersion',
        'string',
        'The OpenBao version that the whole cluster runs.',
      ),
      column('Target', targetPath, 'string', 'The OpenBao version that is being rolled out.'),
      column('Phase', '.status.phase', 'string', 'State of the cluster, in one word.'),
      column('Step', `${eitherUpgrade}.phase`, 'string', 'Phase of the upgrade in progress.'),
      column('Leader', '.status.activeLeader', 'string', 'The pod that is the Raft leader.'),
      column('Ready', '.status.readyReplicas', 'integer', 'Number of pods that are Ready.'),
      column('Age', '.metadata.creationTimestamp', 'date', 'Time since the object was created.'),
      ...wide,
    ],
    schema: openBaoCluster,
  });

/** The CustomResourceDefinition of MetadataServices, made from its schema. */
export const metadataServicesCrd = (): object =>
  crd({
    kind: 'MetadataServices',
    group: 'e6data.io',
    plural: 'metadataservices',
    names: { shortNames: ['mds', 'metadata'] },
    columns: [
      column(
        'Phase',
        '.status.deploymentPhase',
        'string',
        'State of the deployment: Stable, Deploying or Failed.',
      ),
      column('Active', '.status.activeStrategy', 'string', 'The color that receives the traffic.'),
      column('Pending', '.status.pendingStrategy', 'string', 'The color that is being deployed.'),
      column('Version', '.status.activeReleaseVersion', 'string', 'The release that receives the traffic.'),
      column('Age', '.metadata.creationTimestamp', 'date', 'Time since the object was created.'),
      column('Step', '.status.step', 'string', 'Current step of the release.', 1),
      column('Rejected', '.status.rejected.reason', 'string', 'Reason why the spec is not deployed.', 1),
      column('Paused', '.spec.paused', 'boolean', 'Whether the controller starts no new step.', 1),
    ],
    schema: metadataServices,
  });

/** The CustomResourceDefinition of OpenBaoRestore, made from its schema. */
export const openBaoRestoreCrd = (): object =>
  crd({
    kind: 'OpenBaoRestore',
    group: 'openbao.org',
    plural: 'openbaorestores',
    names: { shortNames: ['obrestore'], categories: ['openbao'] },
    columns: [
      column('Cluster', '.spec.cluster', 'string', 'The OpenBaoCluster whose data is replaced.'),
      column('Phase', '.status.phase', 'string', 'Current phase of the restore.'),
      column('Version', '.status.snapshot.version', 'string', 'The OpenBao version that made the snapshot.'),
      column('Taken', '.status.snapshot.takenAt', 'date', 'Time at which the snapshot was taken.'),
      column('Error', '.status.lastErrorReason', 'string', 'Reason why the restore failed.'),
      column('Age', '.metadata.creationTimestamp', 'date', 'Time since the object was created.'),
      column('Snapshot', '.spec.snapshot', 'string', 'Key of the snapshot in the store.', 1),
      column('Waiting', '.status.waitingFor', 'string', 'What the restore is waiting for.', 1),
    ],
    schema: openBaoRestore,
  });

/** Shown by `kubectl get -o wide`. */
const wide = [
  column('Paused', '.spec.paused', 'boolean', 'Whether the controller starts no new step.', 1),
  column('Maintenance', '.spec.maintenance.enabled', 'boolean', 'Whether pods may be deleted manually.', 1),
  column(
    'Break Glass',
    '.status.breakGlass.active',
    'boolean',
    'Whether an incident waits for an acknowledgement.',
    1,
  ),
  column('Held', `${eitherUpgrade}.held`, 'boolean', 'Whether the upgrade is held until a person acts.', 1),
  column('Error', '.status.lastErrorReason', 'string', 'Reason why the last attempt failed.', 1),
  column('Image', '.status.image', 'string', 'The container image that the whole cluster runs.', 1),
];

/** A kind of ours: namespaced, of one version, its status written apart. */
function crd({
  kind,
  group,
  plural,
  names,
  columns,
  schema,
}: {
  readonly kind: string;
  readonly group: string;
  readonly plural: string;
  /** Beside those that follow from the kind. */
  readonly names: { readonly shortNames: readonly string[]; readonly categories?: readonly string[] };
  readonly columns: readonly object[];
  readonly schema: StructuralSchema;
}): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), ...names },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: structural(withStatus(withTypeMeta(schema))) },
        },
      ],
    },
  };
}

function column(name: string, jsonPath: string, type: string, description: string, priority = 0): object {
  return { name, type, jsonPath, description, ...(priority === 0 ? {} : { priority }) };
}

const withTypeMeta = (schema: StructuralSchema): StructuralSchema => ({
  ...schema,
  properties: {
    apiVersion: { type: 'string', description: 'API group and version of the object.' },
    kind: { type: 'string', description: 'Kind of the object, in CamelCase.' },
    metadata: { type: 'object' },
    ...schema.properties,
  },
});

/** The one default of a schema: what a person leaves out of spec stays out. */
const withStatus = ({ properties = {}, ...schema }: StructuralSchema): StructuralSchema => ({
  ...schema,
  properties: {
    ...properties,
    ...(properties['status'] && { status: { ...properties['status'], default: statusBeforeFirstLook } }),
  },
});

/** A CRD prunes unknown fields and forbids `additionalProperties: false`, which our schemas have for TypeScript's sake. */
function structural(schema: StructuralSchema): object {
  const { properties, items, additionalProperties, ...rest } = schema;
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, each]) => [name, structural(each)]),
          ),
        }),
    ...(items === undefined ? {} : { items: structural(items) }),
    ...(additionalProperties === undefined || additionalProperties === false
      ? {}
      : { additionalProperties: structural(additionalProperties) }),
  };
}
