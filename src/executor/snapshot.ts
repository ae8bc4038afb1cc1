import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Known } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { OpenBaoError, type OpenBaoNode } from '../io/openbao/node.ts';
import { SnapshotError } from '../io/snapshot/error.ts';
import { takeSnapshot, type SnapshotRecord } from '../io/snapshot/snapshot.ts';
import { until, within, type ExecutorContext } from './context.ts';
import { asRole, refusalOf } from './login.ts';
import { findLeader } from './membership.ts';
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

/** Milliseconds before the leader is looked for again. */
const againMs = 500;

/**
 * Takes a snapshot from the leader, verifies and stores it. A standby gives its own, maybe older copy, or none at all
 * (docs/facts/openbao-2.6-measured.md, section 3): where leadership has moved meanwhile, the next leader is asked. The
 * report's data is a SnapshotRecord, as `status.backup.latestSnapshot` has it.
 */
export async function snapshot(context: ExecutorContext, place: SnapshotPlace): Promise<ExecutorReport> {
  const { deadline, log, role } = context;
  for (;;) {
    const seen = await until(within(deadline, 0.25), () => findLoggedIn(context));
    if (seen.kind === 'unknown') return failed('NoLeader', `no snapshot was taken: ${seen.cause}`);
    const { node } = seen.value;
    try {
      const record = await take(context, place, seen.value);
      return done('SnapshotTaken', described(record, node.pod), { ...record });
    } catch (error) {
      const { cause } = error as Error;
      const said = error instanceof SnapshotError && cause instanceof OpenBaoError ? cause : undefined;
      if (said?.reason === 'Forbidden') return refusalOf(said, role);
      if (said === undefined || !isOfStandby(said) || deadline.left() === 0) throw error;
      log.warn({ pod: node.pod, answer: said.message }, 'no snapshot of the leader; looking for it again');
      await sleep(Math.min(againMs, deadline.left()), undefined, { signal: deadline.signal }).catch(() => {});
    }
  }
}

interface Source {
  readonly node: OpenBaoNode;
  readonly version: string;
}

async function findLoggedIn(context: ExecutorContext): Promise<Known<Source>> {
  const found = await findLeader(context);
  if (found.kind === 'unknown') return found;
  const { node, leader } = found.value;
  // Logs in now: a snapshot that runs is not begun again for that.
  return asRole(context, node, () => Promise.resolve({ node, version: leader.version }));
}

const take = (
  { session, deadline }: ExecutorContext,
  place: SnapshotPlace,
  { node, version }: Source,
): Promise<SnapshotRecord> =>
  session.run(node, (token) =>
    takeSnapshot({
      ...place,
      key: place.name,
      source: (signal) => copyOfLeader(node, token, signal),
      version,
      now: Date.now,
      signal: signalOf(deadline),
    }),
  );

/** What begins to come is made already, so who leads now has led when it was made. */
async function copyOfLeader(node: OpenBaoNode, token: string, signal: AbortSignal): Promise<Readable> {
  const copy = await node.snapshot(token, { signal, timeoutMs: 30_000 });
  try {
    if ((await node.leader({ signal })).is_self === true) return copy;
  } catch (error) {
    copy.destroy();
    throw error;
  }
  copy.destroy();
  const what = 'it leads no more, and its own copy may lack what was written since';
  throw new OpenBaoError(what, { reason: 'WrongNode', pod: node.pod });
}

const isOfStandby = ({ reason, message }: OpenBaoError): boolean =>
  reason === 'WrongNode' || reason === 'NoLeader' || /nothing new to snapshot/i.test(message);

const described = ({ name, size, index }: SnapshotRecord, pod: string) =>
  `${name}, ${size} bytes up to index ${index}, from ${pod}; verified in the store`;
