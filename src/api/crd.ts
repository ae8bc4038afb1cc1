import { metadataServices } from './metadataservices.ts';
import { openBaoCluster } from './openbaocluster.ts';
import { openBaoRestore } from './openbaorestore.ts';
import type { StructuralSchema } from './structural.ts';

/** The upgrade under way, by whichever strategy: of several results kubectl shows the first. */
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
      column('Version', '.spec.version', 'string', 'The version asked for'),
      column('Current', '.status.currentVersion', 'string', 'The version that runs'),
      column('Target', targetPath, 'string', 'The version being rolled out'),
      column('Phase', '.status.phase', 'string', 'In one word'),
      column('Step', `${eitherUpgrade}.phase`, 'string', 'The phase of the upgrade under way'),
      column('Leader', '.status.activeLeader', 'string', 'The pod that leads'),
      column('Ready', '.status.readyReplicas', 'integer', 'Pods that are Ready'),
      column('Age', '.metadata.creationTimestamp', 'date', 'Since when it exists'),
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
      column('Phase', '.status.deploymentPhase', 'string', 'Stable, Deploying or Failed'),
      column('Active', '.status.activeStrategy', 'string', 'The color that serves'),
      column('Pending', '.status.pendingStrategy', 'string', 'The color that is being prepared'),
      column('Version', '.status.activeReleaseVersion', 'string', 'The release that serves'),
      column('Age', '.metadata.creationTimestamp', 'date', 'Since when it exists'),
      column('Step', '.status.step', 'string', 'What is being done', 1),
      column('Rejected', '.status.rejected.reason', 'string', 'Why spec is not deployed', 1),
      column('Paused', '.spec.paused', 'boolean', 'Whether no new step is started', 1),
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
      column('Cluster', '.spec.cluster', 'string', 'Whose data is replaced'),
      column('Phase', '.status.phase', 'string', 'Its phase'),
      column('Version', '.status.snapshot.version', 'string', 'The version that made the snapshot'),
      column('Taken', '.status.snapshot.takenAt', 'date', 'When the snapshot was taken'),
      column('Error', '.status.lastErrorReason', 'string', 'Why it failed'),
      column('Age', '.metadata.creationTimestamp', 'date', 'Since when it exists'),
      column('Snapshot', '.spec.snapshot', 'string', 'Its key', 1),
      column('Waiting', '.status.waitingFor', 'string', 'What it waits for', 1),
    ],
    schema: openBaoRestore,
  });

/** Shown by `kubectl get -o wide`. */
const wide = [
  column('Paused', '.spec.paused', 'boolean', 'Whether no new step is started', 1),
  column('Maintenance', '.spec.maintenance.enabled', 'boolean', 'Whether pods may be deleted by hand', 1),
  column('Break Glass', '.status.breakGlass.active', 'boolean', 'Whether an incident waits', 1),
  column('Held', `${eitherUpgrade}.held`, 'boolean', 'Whether the upgrade waits for a person', 1),
  column('Error', '.status.lastErrorReason', 'string', 'Why the last attempt failed', 1),
  column('Image', '.status.image', 'string', 'The image that the whole cluster runs', 1),
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
          schema: { openAPIV3Schema: structural(withTypeMeta(schema)) },
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
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    ...schema.properties,
  },
});

/** A CRD prunes unknown fields and forbids `additionalProperties: false`, which our schemas have for TypeScript's sake. */
export function structural(schema: StructuralSchema): object {
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
