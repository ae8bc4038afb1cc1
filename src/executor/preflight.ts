import { defined } from '../api/object-fields.ts';
import type { Known } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { until, type ExecutorContext } from './context.ts';
import { asRole } from './login.ts';
import { votersAmong } from '../core/raft/configuration.ts';
import { findLeader } from './membership.ts';
import { done, failed } from './report.ts';

/** Where it stands whether autopilot removes dead servers, which an upgrade switches off and on again. */
const autopilotConfiguration = 'sys/storage/raft/autopilot/configuration';

/**
 * What the role of the executor must be able to do (docs/facts/openbao-measured.md, section 1: step-down needs
 * both).
 */
const needed: readonly (readonly [path: string, capabilities: readonly string[]])[] = [
  ['sys/step-down', ['update', 'sudo']],
  ['sys/storage/raft/configuration', ['read']],
  ['sys/storage/raft/remove-peer', ['update']],
  [autopilotConfiguration, ['read']],
];

/** What a blue-green upgrade must be able to do beside. */
const neededToMoveVotes: typeof needed = [
  ['sys/storage/raft/autopilot/state', ['read']],
  [autopilotConfiguration, ['update']],
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
  const seen = await until(context.deadline, () => look(context, movesVotes));
  if (seen.kind === 'unknown')
    return failed('PreflightFailed', `the checks could not be made: ${seen.cause}`);
  const { leader, voters, lacking, deadServerCleanup } = seen.value;
  if (lacking.length > 0) {
    const what = `the role ${context.role} lacks ${lacking.join(', ')}`;
    return failed('PermissionMissing', `${what}. Add it to its policy at sys/policies/acl.`);
  }
  return done('Ready', `logged in as ${context.role}; ${leader} leads ${voters.length} voters`, {
    leader,
    voters,
    ...defined({ deadServerCleanup }),
  });
}

interface Seen {
  readonly leader: string;
  readonly voters: readonly string[];
  /** Such as `update on sys/step-down`. */
  readonly lacking: readonly string[];
  /** Not read where a right is lacking. */
  readonly deadServerCleanup?: boolean;
}

async function look(context: ExecutorContext, movesVotes: boolean): Promise<Known<Seen>> {
  const rights = movesVotes ? [...needed, ...neededToMoveVotes] : needed;
  const leader = await findLeader(context);
  if (leader.kind === 'unknown') return leader;
  const { node } = leader.value;
  return asRole(context, node, async (token) => {
    const raft = await node.raftConfiguration(token);
    const paths = [...new Set(rights.map(([path]) => path))];
    const held = await node.capabilities(token, paths);
    const lacking = rights.flatMap(([path, wanted]) => lackingOn(path, wanted, held.get(path) ?? []));
    const seen = { leader: node.pod, voters: votersAmong(raft), lacking };
    if (lacking.length > 0) return seen;
    const { cleanup_dead_servers: deadServerCleanup } = await node.autopilotConfiguration(token);
    const toSwitch = deadServerCleanup
      ? lackingOn(autopilotConfiguration, ['update'], held.get(autopilotConfiguration) ?? [])
      : [];
    return { ...seen, lacking: toSwitch, deadServerCleanup };
  });
}

const lackingOn = (path: string, wanted: readonly string[], held: readonly string[]) =>
  held.includes('root')
    ? []
    : wanted
        .filter((capability) => !held.includes(capability))
        .map((capability) => `${capability} on ${path}`);
