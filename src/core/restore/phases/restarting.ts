import { saidBefore } from '../../model/conditions.ts';
import { timestamp } from '../../model/time.ts';
import { acknowledgeCommand } from '../../upgrade/bluegreen/break-glass.ts';
import { restarting as restartRecorded } from '../cluster-status.ts';
import { failure } from '../failure.ts';
import { expectedVoters } from '../members.ts';
import { advance, ask, fail, wait, type PhaseHandler, type RestoreInput, type RestoreStep } from '../step.ts';

/**
 * Restarting: what members keep in memory is of the old data (docs/facts/openbao-operator.md, 7.1, 17), so all of
 * them are restarted, one after another, by the same steps as by spec.maintenance.restartAt. An upgrade that has
 * stopped ends first: beside a pod that it left broken no other may go down.
 */
export const restarting: PhaseHandler = (input) => {
  const { restore, status, cluster, context } = input;
  const name = restore.metadata.name ?? '';
  const { operationId, restartAt } = status;
  // It names the restart; the cluster learns it when it is recorded here.
  if (restartAt === undefined) {
    return advance('Restarting', { patch: { restartAt: timestamp(context.now) } });
  }
  const { restore: recorded, lastRestartAt, upgrade } = cluster.status ?? {};
  if (lastRestartAt === restartAt && upgrade === undefined) return ended(input);
  if (recorded?.operationId !== operationId || recorded.restartAt !== restartAt) {
    return wait('the cluster to start the restart', {
      effects: [restartRecorded(cluster, { name, operationId }, restartAt)],
    });
  }
  return progress(input, restartAt);
};

function progress({ cluster }: RestoreInput, restartAt: string): RestoreStep {
  const { name = '', namespace = 'default' } = cluster.metadata;
  const { upgrade, blueGreen, breakGlass, lastErrorReason, lastErrorMessage } = cluster.status ?? {};
  const until = 'until then members may answer with cached data from before';
  if (breakGlass?.active === true) {
    return ask(
      `the data is restored; the restart of all members waits for the incident of the cluster to be acknowledged, ${until}: ${acknowledgeCommand(name, namespace, breakGlass.nonce ?? '')}`,
    );
  }
  if (upgrade?.held === true || blueGreen?.held === true) {
    const what =
      upgrade?.restartAt === restartAt
        ? 'the restart of all members is held'
        : 'the upgrade of the cluster is held, and the restart of all members follows it';
    return ask(
      `the data is restored; ${what}, ${until}. ${lastErrorReason}: ${lastErrorMessage}`.slice(0, 2048),
    );
  }
  if (cluster.spec.paused === true) return ask(`spec.paused of the cluster is true; ${until}`);
  if (upgrade?.restartAt === restartAt)
    return wait(`the restart of all members: ${upgrade.waitingFor ?? upgrade.phase}`);
  const ready = saidBefore(cluster.status ?? {}, 'Ready');
  return wait(
    `the restart of all members to begin${ready?.status === 'False' ? `: ${ready.message}` : ''}`.slice(
      0,
      2048,
    ),
  );
}

/** Once more it is looked who votes, for the list in the snapshot speaks at every change of the leader. */
function ended({ cluster, restore, status }: RestoreInput): RestoreStep {
  const voters = cluster.status?.raft?.voters ?? [];
  const silent = expectedVoters(cluster).filter((id) => !voters.includes(id));
  const attempt = status.repairAttempt ?? 1;
  if (silent.length > 0 && attempt < 9) {
    return advance('RepairingMembership', { patch: { repairAttempt: attempt + 1 } });
  }
  if (status.outcomeUnknown === true) {
    const what = `it is unknown whether ${restore.spec.snapshot} was restored (${status.lastErrorMessage})`;
    const remedy = `The members are voters and were restarted. Check the data: if it is not the data of the snapshot, create another OpenBaoRestore, which destroys what was written since.`;
    return fail(failure('RestoreOutcomeUnknown', `${what}. ${remedy}`));
  }
  return { kind: 'complete' };
}
