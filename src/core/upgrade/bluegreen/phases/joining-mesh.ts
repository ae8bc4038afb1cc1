import { whyGreenFailed } from '../green-health.ts';
import { votersAmong } from '../membership.ts';
import { whyAbsent } from '../../../raft/health.ts';
import { newReference } from '../../../raft/reference.ts';
import { advance, fail, wait, type PhaseHandler } from '../phase.ts';

/** JoiningMesh: the leader counts every green member, none with a vote, and each follows it. */
export const joiningMesh: PhaseHandler = (input) => {
  const { green, halves, observation, peers } = input;
  const failed = whyGreenFailed(input);
  if (failed !== undefined) return fail(failed.reason, failed.message);
  const { raft } = observation;
  if (raft.kind === 'unknown') return wait(`the Raft membership could not be read: ${raft.cause}`);
  const voting = votersAmong(input, halves.green) ?? [];
  if (voting.length > 0) {
    return fail(
      'GreenVotesEarly',
      `${voting.join(', ')} is a voter, although no member has been promoted yet`,
    );
  }
  for (const peer of green) {
    if (!raft.value.servers.some(({ id }) => id === peer.name)) return wait(`${peer.name} to join`);
    const absent = whyAbsent(peer, input.peers);
    if (absent !== undefined) return wait(absent);
  }
  const reference = newReference({}, peers, green);
  return reference === undefined
    ? wait("the leader's last index is not known yet")
    : advance('Syncing', { patch: reference });
};
