import { sealKeyId } from '../core/model/names.ts';
import { known, unknown, type Known } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { StoreError } from '../io/object-store.ts';
import { OpenBaoError, type OpenBaoNode, type Upload } from '../io/openbao/node.ts';
import { verifySnapshot, type VerifiedSnapshot } from '../io/snapshot/archive.ts';
import { SnapshotError } from '../io/snapshot/error.ts';
import { spoolSnapshot } from '../io/snapshot/spool.ts';
import { until, within, type ExecutorContext } from './context.ts';
import { ActionFailed, asRole, refusalOf } from './login.ts';
import { leaderAmong, states } from '../core/raft/leader.ts';
import { readMembers } from './members.ts';
import { findLeader } from './membership.ts';
import { done, failed, refused } from './report.ts';
import { signalOf } from './store.ts';
import { unusable, whyAnother, type StoredSnapshot } from './verify-snapshot.ts';

/**
 * Milliseconds in which a login is sure not to have ended by itself: the role gives 15 minutes
 * (src/core/workload/self-init.ts).
 */
const loginLastsMs = 10 * 60_000;

/** What is to be restored, and how. */
interface RestoreOrder extends StoredSnapshot {
  /** A folder with room for it. */
  readonly spool: string;
  /** Without asking whether the members' own key opens it. */
  readonly force: boolean;
  /** The key of the seal static, or the seal and its key in words. */
  readonly seal: string;
}

/** Milliseconds in which the store must send something; it notices sooner itself. */
const stallMs = 60_000;

/**
 * Replaces all data of the cluster by a snapshot, once. `refused`: nothing was changed. `failed`: it was sent,
 * and whether it was restored is not known; it must not be sent again blindly, for what was written since
 * would be lost with it.
 *
 * OpenBao answers 204 before it restores, and what goes wrong then only its log says
 * (docs/facts/openbao-measured.md, section 7). The proof is the token of this very login: made after the snapshot
 * was taken, it cannot be in it. When the member that leads knows it no more, the data is the snapshot's.
 */
export async function restoreSnapshot(
  context: ExecutorContext,
  order: RestoreOrder,
): Promise<ExecutorReport> {
  const { store, name, spool } = order;
  const signal = signalOf(context.deadline);
  try {
    const spooled = await spoolSnapshot((ending) => store.get(name, { signal: ending }), {
      directory: spool,
      stallMs,
      signal,
    });
    try {
      const verified = await verifySnapshot(spooled.read());
      const another = whyAnother(verified, order);
      if (another !== undefined) return refused('WrongSnapshot', another);
      return await send(context, order, verified, { size: verified.size, content: spooled.read() });
    } finally {
      await spooled.close();
    }
  } catch (error) {
    // All of these come before anything is sent.
    if (error instanceof ActionFailed) return { ...error.report, outcome: 'refused' };
    if (error instanceof SnapshotError) return refused(error.reason, unusable(error, name));
    if (error instanceof StoreError) return refused(error.reason, error.message);
    throw error;
  }
}

interface Ready {
  readonly node: OpenBaoNode;
  readonly token: string;
  /** When the token was asked for, or before. */
  readonly since: number;
  readonly mayRestore: boolean;
}

async function send(
  context: ExecutorContext,
  { name, force, seal }: RestoreOrder,
  { index }: VerifiedSnapshot,
  upload: Upload,
): Promise<ExecutorReport> {
  const { deadline, log, role } = context;
  const path = `sys/storage/raft/snapshot${force ? '-force' : ''}`;
  const ready = await until(within(deadline, 0.25), () => lookBefore(context, path));
  if (ready.kind === 'unknown') return refused('NoLeader', `nothing was restored: ${ready.cause}`);
  const { node, mayRestore, ...login } = ready.value;
  if (!mayRestore) {
    const remedy = 'Add it to its policy at sys/policies/acl.';
    return refused('PermissionMissing', `the role ${role} lacks update on ${path}. ${remedy}`);
  }
  log.info({ pod: node.pod, name, index, force }, 'restoring the snapshot');
  let answer = 'it agreed';
  try {
    // The rest of the time is for reading back.
    const timeoutMs = Math.ceil(within(deadline, 0.7).left());
    await node.restore(login.token, upload, { force, timeoutMs, signal: deadline.signal });
  } catch (error) {
    if (!(error instanceof OpenBaoError)) throw error;
    const declined = refusalBefore(error, role, seal);
    if (declined !== undefined) return declined;
    answer = error.message;
    log.warn({ pod: node.pod, answer }, 'no clear answer');
  }
  const after = await until(deadline, () => lookForRestored(context, login));
  if (after.kind === 'known') {
    return done('Restored', `${name} is restored; ${after.value} leads`, {
      name,
      index,
      leader: after.value,
    });
  }
  const reason = after.cause.endsWith(sealed) ? 'SealedAfterRestore' : 'RestoreUnconfirmed';
  return failed(reason, `${node.pod} was given ${name} (${answer}), but ${after.cause}`);
}

/** The leader, a token that it takes, and whether that is enough. */
async function lookBefore(context: ExecutorContext, path: string): Promise<Known<Ready>> {
  const since = performance.now();
  const leader = await findLeader(context);
  if (leader.kind === 'unknown') return leader;
  const { node } = leader.value;
  return asRole(context, node, async (token) => {
    const held = (await node.capabilities(token, [path, probe])).get(path) ?? [];
    await node.raftConfiguration(token);
    return { node, token, since, mayRestore: held.includes('update') || held.includes('root') };
  });
}

/** What the token is tried on. */
const probe = 'sys/storage/raft/configuration';

const sealed = 'every member is sealed: their seal does not open this snapshot';

/** Looks for a leader that knows this token no more. */
async function lookForRestored(
  context: ExecutorContext,
  { token, since }: Pick<Ready, 'token' | 'since'>,
): Promise<Known<string>> {
  const members = await readMembers(context);
  const answers = [...members.values()].flatMap((each) => (each.kind === 'known' ? [each.value] : []));
  if (answers.length === members.size && answers.every((each) => each.initialized && each.sealed)) {
    return unknown(sealed);
  }
  const leader = leaderAmong(members);
  if (leader.kind === 'unknown') return leader;
  const { pod } = leader.value;
  try {
    await context.members.get(pod)?.raftConfiguration(token);
    return unknown(`${pod} leads and still knows a login of before (${states(members)})`);
  } catch (error) {
    if (!(error instanceof OpenBaoError)) throw error;
    if (error.reason !== 'Forbidden') return unknown(error.message);
    return performance.now() - since < loginLastsMs
      ? known(pod)
      : unknown('it took so long that the login may have ended by itself, which proves nothing');
  }
}

/** Answers with which OpenBao says that it has restored nothing; undefined for any that may follow on a beginning. */
function refusalBefore(error: OpenBaoError, role: string, seal: string): ExecutorReport | undefined {
  const { reason, message } = error;
  if (reason === 'Forbidden') return { ...refusalOf(error, role), outcome: 'refused' };
  if (/different autoseal key/.test(message)) {
    if (seal !== sealKeyId) {
      const elsewhere =
        'It was made under another seal or another key. Restore it into a cluster whose spec.unseal names the seal that it was made under.';
      return refused(
        'SealKeyMismatch',
        `the members' seal (${seal}) does not open this snapshot. ${elsewhere}`,
      );
    }
    const remedy =
      "Put the unseal key of the cluster that it was taken from into the Secret of this cluster's key, before anything is written to this one.";
    return refused('SealKeyMismatch', `the members' unseal key does not open this snapshot. ${remedy}`);
  }
  const isUntouched =
    ['Invalid', 'NotFound', 'Quota', 'WrongNode', 'Sealed', 'NoLeader', ...unreached].includes(reason) ||
    /failed to (read|decompress) snapshot/.test(message);
  return isUntouched ? refused('RestoreRefused', `nothing was restored: ${message}`) : undefined;
}

const unreached: readonly string[] = ['Refused', 'Unresolved', 'Unreachable', 'Certificate'];
