import type { OpenBaoClusterSpec } from '../../../api/openbaocluster.ts';
import { type FailureReason } from './phase.ts';
import { stageOf, type PhaseName } from '../../model/blue-green.ts';

/** Whether spec lets it go back by itself after such a failure (docs/facts/openbao-operator.md, 3.3). */
export function goesBackByItself(spec: OpenBaoClusterSpec, reason: FailureReason): boolean {
  const { autoRollback = {} } = spec.upgrade?.blueGreen ?? {};
  const { enabled = true, onJobFailure = true, onValidationFailure = true } = autoRollback;
  return enabled && (reason === 'HookFailed' ? onValidationFailure : onJobFailure);
}

/** What the passed deadline of a phase leads to; `stop`: break glass as long as Raft still counts green, else a hold. */
export type Consequence = 'hold' | 'rollback' | 'break-glass' | 'stop';

/** Where the passed deadline of a phase leads to. */
export function onTimeout(spec: OpenBaoClusterSpec, phase: PhaseName): Consequence {
  if (phase === 'RollingBack') return 'break-glass';
  if (phase === 'RollbackCleanup') return 'stop';
  return stageOf(phase) === 'cleanup' || !goesBackByItself(spec, 'PhaseTimeout') ? 'hold' : 'rollback';
}
