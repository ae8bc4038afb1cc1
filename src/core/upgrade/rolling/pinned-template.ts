import type { KubernetesObject, StatefulSet } from '../../../api/kubernetes.ts';
import { restartAtAnnotation } from '../../../api/labels.ts';
import type { OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import { withHash } from '../../workload/drift.ts';
import { isRolling } from '../../model/rolling.ts';
import { wholeStatus } from '../../model/whole-status.ts';
import { isHalfRolled } from '../../workload/partition.ts';
import { appliedImage } from '../../workload/applied-image.ts';
import { foreignImage } from '../../workload/foreign-roll.ts';

/**
 * A rendered StatefulSet whose template stays as it is while pods run it already. Another template, from an
 * edit of spec or a new Rollguard in the middle of a roll, would make the StatefulSet controller take down
 * every pod from the partition up by itself, the highest first, without our gate: a second pod beside the one in
 * work. It comes with the next upgrade or restart instead (docs/design.md, rule 12).
 *
 * Before the first pod is up, and for another target of a stuck first pod, the rendered template goes through:
 * only the pod in work is above the partition then, and the new template may be its cure.
 *
 * So it is where pods are being replaced by what the status has no record of: it was lost. What somebody else has
 * written is no such thing, and is written back.
 *
 * @param live the StatefulSet as it is; undefined when there is none
 */
export function withPinnedTemplate(
  rendered: KubernetesObject,
  live: StatefulSet | undefined,
  status: OpenBaoClusterStatus,
): KubernetesObject {
  const whole = wholeStatus(status);
  const { upgrade, initialized } = whole;
  const template = live?.spec?.template;
  if (rendered.kind !== 'StatefulSet' || live === undefined || template === undefined) return rendered;
  if (upgrade === undefined || !isRolling(upgrade.phase))
    return isHalfRolled(live) && initialized === true && foreignImage(whole, live) === undefined
      ? withTemplate(rendered, template)
      : rendered;
  const isUsed = (upgrade.completedPods ?? []).length > 0 || (upgrade.catchUp ?? []).length > 0;
  if (!isUsed) return rendered;
  const isTarget =
    appliedImage(live) === upgrade.targetImage &&
    (upgrade.restartAt === undefined ||
      template.metadata?.annotations?.[restartAtAnnotation] === upgrade.restartAt);
  return isTarget ? withTemplate(rendered, template) : rendered;
}

/** The same of a green half that is upgraded in place: from its first pod on. */
export function withPinnedGreen(
  rendered: KubernetesObject,
  live: StatefulSet | undefined,
  { blueGreen = {} }: OpenBaoClusterStatus,
): KubernetesObject {
  const { upgradesGreenInPlace, greenPartition, greenImage, blueReplicas = 0 } = blueGreen;
  const isUsed =
    upgradesGreenInPlace === true && greenPartition !== undefined && greenPartition < blueReplicas;
  const template = live?.spec?.template;
  const isTarget = live !== undefined && appliedImage(live) === greenImage;
  if (rendered.kind !== 'StatefulSet' || template === undefined || !isTarget) return rendered;
  return isUsed || isHalfRolled(live) ? withTemplate(rendered, template) : rendered;
}

const withTemplate = (
  rendered: KubernetesObject,
  template: NonNullable<StatefulSet['spec']>['template'],
): KubernetesObject =>
  withHash({ ...rendered, spec: { ...(rendered as StatefulSet).spec, template } } as KubernetesObject);
