import { held, unchanged, type Concern } from '../model/cluster-concern.ts';
import { inWords } from '../model/explanation.ts';
import { imageWriters } from '../workload/applied-image.ts';
import { foreignImage } from '../workload/foreign-roll.ts';

/** Says that somebody else lets pods go to an image of theirs; what is rendered takes it back. */
export const decideForeignRoll: Concern = ({ cluster, statefulSet }, status) => {
  const set = statefulSet.kind === 'known' ? statefulSet.value : undefined;
  const image = foreignImage(status, set);
  if (set === undefined || image === undefined) return unchanged(status);
  const { name = '', namespace = 'default' } = set.metadata;
  const others = imageWriters(set).flatMap(({ manager, isUs }) => (isUs ? [] : [manager]));
  const who = others.length === 0 ? '' : ` (${others.join(', ')})`;
  const message = `somebody else${who} has written the image ${image} into the StatefulSet ${name} of ${cluster.metadata.name}, and lets its pods go to it. ${status.image} is written back, and no other pod is let go`;
  const notice = held('ImageOverwritten', message, {
    remedy: 'Change what runs by spec.version and spec.image alone, and see who has written the image',
    commands: [{ line: `kubectl get statefulset ${name} -n ${namespace} -o yaml --show-managed-fields` }],
  });
  const { reason } = notice;
  const isTold = status.lastErrorReason === reason;
  return {
    ...unchanged(status, notice),
    events: isTold
      ? []
      : [{ type: 'Warning', reason, action: 'CompareImages', note: inWords(notice, 1_000) }],
  };
};
