import { blueGreenPhases, rollingPhases, type OpenBaoClusterStatus } from '../../api/openbaocluster.ts';
import { activeBlueGreen } from '../../core/model/blue-green.ts';

/** What both strategies tell of an upgrade or restart under way. */
interface UpgradeUnderWay {
  readonly phase?: string | undefined;
  readonly targetVersion?: string | undefined;
  readonly startedAt?: string | undefined;
  readonly phaseStartedAt?: string | undefined;
  readonly held?: boolean | undefined;
  readonly leadershipChanges?: number | undefined;
  /** Since when green votes. */
  readonly crossedAt?: string | undefined;
  /** It waits as long as a person, a hook or a time that spec names takes: no deadline runs. */
  readonly isOpenEnded: boolean;
}

/** Every phase of either strategy, each once. */
export const upgradePhases: readonly string[] = [
  ...rollingPhases,
  ...blueGreenPhases.filter((phase) => phase !== 'Idle'),
];

/** Blue-green upgrades begin in status.upgrade too, and go on in status.blueGreen under the same `startedAt`. */
export function upgradeUnderWay(status: OpenBaoClusterStatus | undefined): UpgradeUnderWay | undefined {
  if (status?.upgrade !== undefined) return { ...status.upgrade, isOpenEnded: false };
  const blueGreen = activeBlueGreen(status);
  if (blueGreen === undefined) return undefined;
  const isStopped = blueGreen.held === true || status?.breakGlass?.active === true;
  return {
    ...blueGreen,
    targetVersion: blueGreen.greenVersion,
    isOpenEnded: !isStopped && blueGreen.deadline === undefined,
  };
}
