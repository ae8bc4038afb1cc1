import { noLastError } from '../../model/last-error.ts';
import type { BlueGreenUpgrade, OpenBaoClusterStatus } from '../../../api/openbaocluster.ts';
import type { ClusterEvent } from '../../model/decision.ts';
import { timestamp } from '../../model/time.ts';
import { event } from '../event.ts';
import { patched } from '../../model/patch.ts';

interface Finished {
  readonly status: OpenBaoClusterStatus;
  readonly event: ClusterEvent;
}

/**
 * Green is all there is: version, image, revision, lock and error change together
 * (docs/facts/openbao-operator.md, 7.1, 10).
 */
export function finished(status: OpenBaoClusterStatus, blueGreen: BlueGreenUpgrade): Finished {
  const { greenVersion, greenImage, greenRevision, leadershipChanges = 0, lastJobFailure } = blueGreen;
  const note = `${greenVersion} (${greenImage}) runs everywhere; leadership changed ${leadershipChanges} times`;
  return {
    status: patched(status, {
      currentVersion: greenVersion,
      image: greenImage,
      blueGreen: patched<BlueGreenUpgrade>(
        { phase: 'Idle' },
        { blueRevision: greenRevision, lastJobFailure },
      ),
      operationLock: undefined,
      ...noLastError,
    }),
    event: event('Normal', 'UpgradeCompleted', 'Upgrade', note),
  };
}

/** Blue is all there is. What was given up is not tried again by itself. */
export function finishedBack(
  status: OpenBaoClusterStatus,
  blueGreen: BlueGreenUpgrade,
  now: number,
): Finished {
  const { blueRevision, blueVersion, greenVersion = '', greenImage = '', lastJobFailure } = blueGreen;
  const { rollbackReason = '', rollbackStartedAt } = blueGreen;
  const note = `back on ${blueVersion}; ${greenVersion} was rejected: ${rollbackReason}`;
  return {
    status: patched(status, {
      blueGreen: patched<BlueGreenUpgrade>(
        {
          phase: 'Idle',
          rejectedTarget: {
            version: greenVersion,
            image: greenImage,
            reason: rollbackReason,
            at: timestamp(now),
          },
        },
        { blueRevision, lastJobFailure, rollbackReason, rollbackStartedAt },
      ),
      operationLock: undefined,
      ...noLastError,
    }),
    event: event('Normal', 'UpgradeRolledBack', 'Rollback', note.slice(0, 1024)),
  };
}
