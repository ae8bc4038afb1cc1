import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { until, type ExecutorContext, type Look } from './context.ts';
import { asRole } from './login.ts';
import { leaderAmong, readMembers, votersAmong } from './members.ts';
import { done, failed } from './report.ts';

/** What the role of the executor must be able to do (openbao-measured.md, section 1: step-down needs both). */
const needed: readonly (readonly [path: string, capabilities: readonly string[]])[] = [
  ['sys/step-down', ['update', 'sudo']],
  ['sys/storage/raft/configuration', ['read']],
  ['sys/storage/raft/remove-peer', ['update']],
];

/** What a blue-green upgrade must be able to do beside. */
const neededToMoveVotes: typeof needed = [
  ['sys/storage/raft/autopilot/state', ['read']],
  ['sys/storage/raft/autopilot/configuration', ['read', 'update']],
  ['sys/storage/raft/promote', ['update']],
  ['sys/storage/raft/demote', ['update']],
];

/**
 * Proves, before anything changes, that a Job can log in, read the membership, and may do what the later steps
 * need: a missing right would else be found when half of the pods are replaced.
 */
export async function preflight(
  context: ExecutorContext,
  { movesVotes = false }: { readonly movesVotes?: boolean } = {},
): Promise<ExecutorReport> {
  const rights = movesVotes ? [...needed, ...neededToMoveVotes] : needed;
  const seen = await until(context.deadline, () => look(context, rights));
  if ('missing' in seen) return failed('PreflightFailed', `the checks could not be made: ${seen.missing}`);
  const { leader, voters, lacking } = seen.found;
  if (lacking.length > 0) {
    const what = `the role ${context.role} lacks ${lacking.join(', ')}`;
    return failed('PermissionMissing', `${what}. Add it to its policy at sys/policies/acl.`);
  }
  return done('Ready', `logged in as ${context.role}; ${leader} leads ${voters.length} voters`, {
    leader,
    voters,
  });
}

interface Seen {
  readonly leader: string;
  readonly voters: readonly string[];
  /** Such as `update on sys/step-down`. */
  readonly lacking: readonly string[];
}

async function look(context: ExecutorContext, rights: typeof needed): Promise<Look<Seen>> {
  const leader = leaderAmong(await readMembers(context));
  if ('missing' in leader) return leader;
  const node = context.members.get(leader.found.pod);
  if (node === undefined) return { missing: `${leader.found.pod} is not among the members given` };
  return asRole(context, node, async (token) => {
    const raft = await node.raftConfiguration(token);
    const paths = rights.map(([path]) => path);
    const held = await node.capabilities(token, paths);
    return {
      leader: node.pod,
      voters: votersAmong(raft),
      lacking: rights.flatMap(([path, wanted]) => lackingOn(path, wanted, held.get(path) ?? [])),
    };
  });
}

const lackingOn = (path: string, wanted: readonly string[], held: readonly string[]) =>
  held.includes('root')
    ? []
    : wanted
        .filter((capability) => !held.includes(capability))
        .map((capability) => `${capability} on ${path}`);
