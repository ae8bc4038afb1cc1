import { defined } from '../../../api/object-fields.ts';
import { failure } from '../failure.ts';
import { snapshotVersion, sourceOf, takenAt, whyNewer } from '../source.ts';
import { advance, fail, type PhaseHandler } from '../step.ts';

/** Validating: what can be told before the snapshot is looked at. */
export const validating: PhaseHandler = ({ restore, cluster }) => {
  const { name } = cluster.metadata;
  if (sourceOf(restore, cluster) === undefined) {
    const remedy = 'create another OpenBaoRestore with spec.source';
    const what = `spec.source is not set, and the OpenBaoCluster ${name} has no spec.backup.target`;
    return fail(failure('SourceMissing', `${what}. Nothing was changed: ${remedy}.`));
  }
  const made = snapshotVersion(restore, cluster);
  if ('failure' in made) return fail(made.failure);
  const newer = whyNewer(made.version, cluster);
  if (newer !== undefined) return fail(newer);
  const taken = takenAt(restore, cluster);
  return advance('Verifying', {
    patch: {
      snapshot: {
        name: restore.spec.snapshot,
        version: made.version,
        ...defined({ takenAt: taken }),
      },
    },
  });
};
