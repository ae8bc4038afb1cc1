import { known, unknown, type Known } from '../core/model/known.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';
import { OpenBaoError, type OpenBaoNode } from '../io/openbao/node.ts';
import type { ExecutorContext } from './context.ts';
import { failed } from './report.ts';

/** An error that no second try mends: the action ends with this report. */
export class ActionFailed extends Error {
  readonly report: ExecutorReport;

  constructor(report: ExecutorReport) {
    super(report.message);
    this.name = 'ActionFailed';
    this.report = report;
  }
}

/**
 * A call as the executor's role, that may find a server in transition: that it could not be made now is
 * something missing, to be looked for again.
 *
 * @throws ActionFailed when the login or the call is refused for good
 */
export async function asRole<T>(
  { session, role }: ExecutorContext,
  node: OpenBaoNode,
  call: (token: string) => Promise<T>,
): Promise<Known<T>> {
  try {
    return known(await session.run(node, call));
  } catch (error) {
    if (!(error instanceof OpenBaoError)) throw error;
    if (isRefusal(error)) throw new ActionFailed(refusalOf(error, role));
    return unknown(error.message);
  }
}

/**
 * One try at a call that changes something. Whatever comes back but a refusal is settled by reading afterwards:
 * a connection that broke may have carried it.
 *
 * @returns what was answered, for a message
 * @throws ActionFailed when it is refused: then nothing was done
 */
export async function attempt(
  context: ExecutorContext,
  node: OpenBaoNode,
  call: (token: string) => Promise<void>,
): Promise<string> {
  const answer = await asRole(context, node, call);
  if (answer.kind === 'unknown') context.log.warn({ pod: node.pod, answer: answer.cause }, 'no clear answer');
  return answer.kind === 'unknown' ? answer.cause : 'it agreed';
}

/** Whether trying again cannot help: the role, its token or its rights are wrong. */
const isRefusal = ({ reason }: OpenBaoError) => reason === 'Forbidden' || reason === 'Invalid';

/** What to say of a login or call that was refused for good. */
export function refusalOf({ message, reason }: OpenBaoError, role: string): ExecutorReport {
  if (message.includes('/login')) {
    const remedy = `Check that auth/jwt-operator has the role ${role}, bound to the ServiceAccount of this Job and to the audience openbao-internal.`;
    return failed('LoginRefused', `${message}. ${remedy}`);
  }
  if (reason === 'Invalid') return failed('CallRefused', message);
  return failed(
    'PermissionMissing',
    `${message}. Check the policies of the role ${role} at auth/jwt-operator.`,
  );
}
