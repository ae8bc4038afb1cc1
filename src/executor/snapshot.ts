import { unknown } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { OpenBaoError } from '../io/openbao/node.ts';
import { SnapshotError } from '../io/snapshot/error.ts';
import { takeSnapshot, type SnapshotRecord } from '../io/snapshot/snapshot.ts';
import { until, within, type ExecutorContext } from './context.ts';
import { asRole, refusalOf } from './login.ts';
import { leaderAmong } from '../core/raft/leader.ts';
import { readMembers } from './members.ts';
import { done, failed } from './report.ts';
import { signalOf } from './store.ts';

/** Where a snapshot goes. */
interface SnapshotPlace {
  readonly store: ObjectStore;
  /** It names the operation: a second run finds there what the first one has stored. */
  readonly name: string;
  /** A folder with room for it. */
  readonly spool: string;
  /** Which key, or seal, opens it. */
  readonly unsealKeyId: string;
}

/**
 * Takes a snapshot from the leader (a standby gives its own, maybe older copy; docs/facts/openbao.md, section 4),
 * verifies and stores it. The report's data is a SnapshotRecord, as `status.backup.latestSnapshot` has it.
 */
export async function snapshot(context: ExecutorContext, place: SnapshotPlace): Promise<ExecutorReport> {
  const { deadline, members, role, session } = context;
  const seen = await until(within(deadline, 0.25), async () => {
    const leader = leaderAmong(await readMembers(context));
    if (leader.kind === 'unknown') return leader;
    const node = members.get(leader.value.pod);
    if (node === undefined) return unknown(`${leader.value.pod} is not among the members given`);
    // Logs in now: a snapshot that runs is not begun again for that.
    return asRole(context, node, () => Promise.resolve({ node, version: leader.value.version }));
  });
  if (seen.kind === 'unknown') return failed('NoLeader', `no snapshot was taken: ${seen.cause}`);
  const { node, version } = seen.value;
  try {
    const record = await session.run(node, (token) =>
      takeSnapshot({
        ...place,
        key: place.name,
        source: (signal) => node.snapshot(token, { signal, timeoutMs: 30_000 }),
        version,
        now: Date.now,
        signal: signalOf(deadline),
      }),
    );
    return done('SnapshotTaken', described(record, node.pod), { ...record });
  } catch (error) {
    const { cause } = error as Error;
    const isForbidden = cause instanceof OpenBaoError && cause.reason === 'Forbidden';
    if (error instanceof SnapshotError && isForbidden) return refusalOf(cause, role);
    throw error;
  }
}

const described = ({ name, size, index }: SnapshotRecord, pod: string) =>
  `${name}, ${size} bytes up to index ${index}, from ${pod}; verified in the store`;
