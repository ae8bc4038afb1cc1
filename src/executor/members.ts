import type { Members } from '../core/raft/members.ts';
import { readMember } from '../io/openbao/member.ts';
import { readKnown } from '../io/read-known.ts';
import type { ExecutorContext } from './context.ts';

/** Milliseconds for one look at one member: one that hangs must not hide the others. */
const lookMs = 1500;

/** What all members say of themselves, asked at the same time. */
export async function readMembers({ members, podOf }: ExecutorContext): Promise<Members> {
  const answers = [...members].map(
    async ([pod, node]) =>
      // Who is asked is named by the address, not by a UID: whatever pod has the name now.
      [pod, await readKnown(() => readMember(node, '', podOf, { timeoutMs: lookMs }))] as const,
  );
  return new Map(await Promise.all(answers));
}
