import type { OpenBaoCluster, OpenBaoClusterStatus } from '../../api/openbaocluster.ts';

export type Request = 'retry' | 'promote' | 'rollback' | 'cleanup';

const handled = {
  retry: 'lastHandledRetry',
  promote: 'lastHandledPromote',
  rollback: 'lastHandledRollback',
  cleanup: 'lastHandledCleanup',
} as const satisfies Record<Request, keyof NonNullable<OpenBaoClusterStatus['upgradeRequests']>>;

type Asked = { readonly cluster: Pick<OpenBaoCluster, 'spec'> };

/** Whether spec.upgrade.requests has a value of this kind that was not handled yet. */
export function isAsked({ cluster }: Asked, status: OpenBaoClusterStatus, request: Request): boolean {
  const value = cluster.spec.upgrade?.requests?.[request];
  return value !== undefined && value !== '' && value !== status.upgradeRequests?.[handled[request]];
}

/** Notes that these requests were handled, or that nothing waits for them: none ever stays armed. */
export function handledRequests(
  { cluster }: Asked,
  status: OpenBaoClusterStatus,
  ...requests: readonly Request[]
): OpenBaoClusterStatus {
  const asked = requests.filter((request) => isAsked({ cluster }, status, request));
  if (asked.length === 0) return status;
  const values = asked.map((request) => [handled[request], cluster.spec.upgrade?.requests?.[request]]);
  return { ...status, upgradeRequests: { ...status.upgradeRequests, ...Object.fromEntries(values) } };
}

/** spec.maintenance.restartAt, where it was not carried out yet, by itself or by the restart after a restore. */
export function requestedRestart(
  { spec }: OpenBaoCluster,
  { lastRestartAt, upgradeRequests }: OpenBaoClusterStatus,
): string | undefined {
  const restartAt = spec.maintenance?.restartAt;
  const carriedOut: readonly (string | undefined)[] = [lastRestartAt, upgradeRequests?.lastHandledRestart];
  return carriedOut.includes(restartAt) ? undefined : restartAt;
}
