import type { KubernetesObject, StatefulSet } from '../../api/kubernetes.ts';
import { claimTemplates } from './claim-templates.ts';
import type { WorkloadInputs } from './inputs.ts';
import { child, memberSelector } from './metadata.ts';
import { names, serverContainer } from '../model/names.ts';
import { appliedImageAnnotation, revisionLabel } from '../../api/labels.ts';
import { imageOf } from '../model/server-container.ts';
import { mayBeSpelling } from '../version/image-reference.ts';
import { podTemplate } from './pod-template.ts';

/** How many members at once the StatefulSet controller may replace, wherever the partition is. */
export const maxUnavailable = 1;

/** The members. Their order of coming and going is the driver's, by replicas and partition. */
export function statefulSet(inputs: WorkloadInputs): KubernetesObject {
  const { cluster, revision, replicas, partition, image } = inputs;
  const own = names(cluster.metadata.name ?? '', revision);
  const set = child(
    cluster,
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name: own.statefulSet },
    {
      spec: {
        serviceName: own.headlessService,
        replicas,
        // Members find each other before any is Ready.
        podManagementPolicy: 'Parallel',
        // Said, though it is the default: what is left out is anybody's, such as a mutating policy's.
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition, maxUnavailable } },
        // Volumes go by deletionPolicy, carried out by the driver, never by a scale or a stray delete.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        selector: { matchLabels: { ...memberSelector(cluster), [revisionLabel]: revision } },
        template: podTemplate(inputs),
        volumeClaimTemplates: claimTemplates(inputs),
      },
    },
  );
  const annotations = { ...set.metadata?.annotations, [appliedImageAnnotation]: image };
  return { ...set, metadata: { ...set.metadata, annotations } };
}

/**
 * The image of a StatefulSet's template, as it was asked for: admission may have spelled it otherwise, with a digest
 * or a mirror's name (V3). What somebody else has written there counts as it is, and so does what is no spelling.
 */
export function appliedImage(set: StatefulSet): string | undefined {
  const image = imageOf(set.spec?.template?.spec);
  const asked = set.metadata.annotations?.[appliedImageAnnotation];
  const isSpelling = asked !== undefined && image !== undefined && mayBeSpelling(asked, image);
  return isSpelling && !isImageOfOthers(set) ? asked : image;
}

/**
 * Whether somebody has written the image by a request of their own. What admission changes in ours stays ours in
 * managedFields (docs/facts/admission-measured.md, section 4).
 */
function isImageOfOthers({ metadata }: StatefulSet): boolean {
  const { managedFields = [] } = metadata as { readonly managedFields?: readonly { fieldsV1?: unknown }[] };
  const container = `k:{"name":"${serverContainer}"}`;
  const image = ['f:spec', 'f:template', 'f:spec', 'f:containers', container, 'f:image'];
  const asked = ['f:metadata', 'f:annotations', `f:${appliedImageAnnotation}`];
  return managedFields.some(({ fieldsV1 }) => owns(fieldsV1, image) && !owns(fieldsV1, asked));
}

function owns(fields: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (typeof fields !== 'object' || fields === null || !Object.hasOwn(fields, first)) return false;
  return owns((fields as Readonly<Record<string, unknown>>)[first], rest);
}
