import type { OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import type { LatestTimes } from '../model/bounded-times.ts';
import type { DecisionContext } from '../model/decision.ts';
import { activeBlueGreen } from '../model/blue-green.ts';
import { patienceOf as patienceOfBlueGreen } from '../upgrade/bluegreen/deadlines.ts';
import { patienceOf as patienceOfRolling } from '../upgrade/rolling/deadlines.ts';
import { retryMs } from './issuer.ts';

/** Of all times in the status of a cluster that something waits for (test/core/model/bounded-times.test.ts). */
export function latestTimes(
  status: OpenBaoClusterStatus,
  { now, settings }: Pick<DecisionContext, 'now' | 'settings'>,
): LatestTimes {
  const { deadlines } = settings;
  const blueGreen = activeBlueGreen(status);
  return {
    lastStepDownAt: now,
    unavailableSince: now,
    'unlabeledLeader.since': now,
    'issuer.retryAt': now + retryMs,
    'operationLock.acquiredAt': now,
    'operationLock.renewedAt': now,
    'upgrade.phaseStartedAt': now,
    'upgrade.pausedAt': now,
    'upgrade.deadline': now + deadlines[patienceOfRolling[status.upgrade?.phase ?? 'PreChecks']],
    'upgrade.catchUp[].deadline': now + deadlines.catchingUp,
    'upgrade.stepDown.askedAt': now,
    'upgrade.stepDown.missingSince': now,
    'scaling.deadline': now + deadlines.scaling,
    'blueGreen.phaseStartedAt': now,
    'blueGreen.pausedAt': now,
    'blueGreen.deadline': now + deadlines[patienceOfBlueGreen[blueGreen?.phase ?? 'DeployingGreen']],
    'blueGreen.syncedAt': now,
    'blueGreen.hookStartedAt': now,
    'blueGreen.jobStartedAt': now,
    'blueGreen.leadsSince': now,
    'blueGreen.servesSince': now,
  };
}
