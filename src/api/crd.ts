import { openBaoCluster } from './openbaocluster.ts';
import type { StructuralSchema } from './structural.ts';

/** The CustomResourceDefinition of OpenBaoCluster, made from its schema. */
export function openBaoClusterCrd(): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'openbaoclusters.openbao.org' },
    spec: {
      group: 'openbao.org',
      scope: 'Namespaced',
      names: {
        kind: 'OpenBaoCluster',
        listKind: 'OpenBaoClusterList',
        plural: 'openbaoclusters',
        singular: 'openbaocluster',
        shortNames: ['bao', 'baoc'],
        categories: ['openbao'],
      },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            column('Version', '.spec.version', 'string', 'The version asked for'),
            column('Current', '.status.currentVersion', 'string', 'The version that runs'),
            column('Paused', '.spec.paused', 'boolean', 'Whether no new step is started'),
            column(
              'Maintenance',
              '.spec.maintenance.enabled',
              'boolean',
              'Whether pods may be deleted by hand',
            ),
            column(
              'Break Glass',
              '.status.breakGlass.active',
              'boolean',
              'Whether an incident waits for acknowledgement',
            ),
            column('Image', '.spec.image', 'string', 'The image asked for', 1),
            column('Age', '.metadata.creationTimestamp', 'date', 'Since when it exists'),
          ],
          schema: { openAPIV3Schema: structural(withTypeMeta(openBaoCluster)) },
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
