import { advance, ask, event, type PhaseHandler, type RestoreInput } from '../step.ts';

/**
 * AwaitingConfirmation: it is said what will be lost, and a person confirms it by the name of the cluster. Nothing
 * is locked meanwhile: a restore that nobody confirms keeps nobody from anything.
 */
export const awaitingConfirmation: PhaseHandler = (input) => {
  const { restore } = input;
  if (restore.spec.confirm === restore.spec.cluster) {
    return advance('Locking', {
      events: [event('Warning', 'RestoreConfirmed', 'Confirm', `confirmed: ${loss(input)}`)],
    });
  }
  const { name, namespace } = restore.metadata;
  const patch = JSON.stringify({ spec: { confirm: restore.spec.cluster } });
  return ask(
    `${loss(input)}. To do so: kubectl patch openbaorestore ${name} -n ${namespace} --type merge -p '${patch}'`,
  );
};

/** What a restore destroys, in one sentence. */
function loss({ status, cluster, restore }: RestoreInput): string {
  const { index, takenAt, version } = status.snapshot ?? {};
  const { name } = cluster.metadata;
  const known = [
    ...(takenAt === undefined ? [] : [`of ${takenAt}`]),
    ...(version === undefined ? [] : [`made by OpenBao ${version}`]),
    ...(index === undefined ? [] : [`ending at index ${index}`]),
  ].join(', ');
  const forced =
    restore.spec.force === true
      ? '; with force, all data of the cluster is lost if its unseal key does not open the snapshot'
      : '';
  return `Everything that was written to ${name} since the snapshot ${status.snapshot?.name} (${known}) will be lost, tokens and leases included${forced}`;
}
