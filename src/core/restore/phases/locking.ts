import { restoreFinalizer } from '../../../api/labels.ts';
import type { OpenBaoRestore } from '../../../api/openbaorestore.ts';
import { defined } from '../../../api/object-fields.ts';
import type { ObjectEffect } from '../../model/effect.ts';
import { isLockedFor, locked } from '../cluster-status.ts';
import { whyNewer } from '../source.ts';
import { advance, event, fail, wait, type PhaseHandler } from '../step.ts';
import { whyNotLock } from '../why-not-lock.ts';

/** Locking: nothing else changes the cluster from now on. The record of it is in the cluster's own status. */
export const locking: PhaseHandler = ({ restore, status, cluster, jobs, context }) => {
  const { operationId } = status;
  // It may have waited for a person for days.
  const newer = whyNewer(status.snapshot?.version ?? '', cluster);
  if (newer !== undefined) return fail(newer);
  const why = whyNotLock(cluster, jobs, operationId);
  if (why !== undefined) return wait(why.reason, { held: why.held });
  if (!hasFinalizer(restore)) return wait('its finalizer', { effects: finalizerEffect(restore, true) });
  const name = restore.metadata.name ?? '';
  if (!isLockedFor(cluster, operationId)) {
    return wait('the lock', { effects: [locked(cluster, { name, operationId }, context.now)] });
  }
  const note = `the data of ${cluster.metadata.name} is being replaced with ${restore.spec.snapshot}`;
  return advance('Restoring', { events: [event('Warning', 'Restoring', 'Restore', note)] });
};

export const hasFinalizer = ({ metadata }: OpenBaoRestore): boolean =>
  metadata.finalizers?.includes(restoreFinalizer) === true;

/** At the observed version only: the list is replaced whole, and others keep finalizers in it. */
export function finalizerEffect({ metadata }: OpenBaoRestore, wanted: boolean): readonly ObjectEffect[] {
  const { name, namespace, uid, resourceVersion, finalizers = [] } = metadata;
  if (name === undefined || uid === undefined || resourceVersion === undefined) return [];
  const others = finalizers.filter((finalizer) => finalizer !== restoreFinalizer);
  return [
    {
      kind: 'patch',
      target: {
        apiVersion: 'openbao.org/v1alpha1',
        kind: 'OpenBaoRestore',
        name,
        ...defined({ namespace }),
      },
      uid,
      resourceVersion,
      patch: { metadata: { finalizers: wanted ? [...others, restoreFinalizer] : others } },
    },
  ];
}
