import { missingVerb } from './missing-verb.ts';
import type { Policy } from './policy.ts';
import { changedMarks, clusterOfVolume, type VolumeChange } from './volume-change.ts';

/**
 * What Rollguard has written on a member's volume (the highest version that wrote to it, whose data it has, who took
 * over) decides what may start there. Changing it by hand needs the custom verb `maintenance` on the cluster.
 *
 * Guards: persistentvolumeclaims CREATE, UPDATE, of a name that a member's has.
 * Allows: everything else; the controllers that are trusted.
 * Unknown: a permission that could not be checked is not given.
 * Source: docs/design.md, "Verbs".
 */
export const volumeMarkPermission: Policy<VolumeChange> = {
  id: 'volume-mark-permission',
  changes: () => true,
  evaluate(change) {
    const { metadata } = change.oldObject ?? change.object;
    const [path] = changedMarks(change);
    const cluster = clusterOfVolume(change);
    if (path === undefined || cluster === undefined) return [];
    const what = `changing ${path} of volume ${metadata.name}`;
    return missingVerb('maintenance', change.permission, `${metadata.namespace}/${cluster}`, path, what);
  },
};
