import { longestMessage } from '../model/limits.ts';
import { parser } from '../../api/parse.ts';

/** What `rollguard executor` leaves in `/dev/termination-log` when it ends: one JSON object, at most 4,096 bytes. */
export interface ExecutorReport {
  /**
   * `done`: what was asked for is so, by this run or before it. `refused`: nothing was changed, because
   * it would not have been safe. `failed`: it could not be done, or not be seen to be done.
   */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** One CamelCase word, such as NoHealthyVoter. */
  readonly reason: string;
  /** The same in words, with the values seen and the remedy. */
  readonly message: string;
  /** Results of the action, for example the snapshot's size and sum. */
  readonly data?: Readonly<Record<string, unknown>>;
}

const parseReport = parser<ExecutorReport>(
  {
    type: 'object',
    required: ['outcome', 'reason', 'message'],
    properties: {
      outcome: { type: 'string', enum: ['done', 'refused', 'failed'] },
      reason: { type: 'string', pattern: '^[A-Z][A-Za-z0-9]{0,63}$' },
      message: { type: 'string' },
      data: { type: 'object' },
    },
  },
  'executor report',
);

/** The report in a termination message; undefined for anything else, such as the end of a log after a crash. */
export function executorReportOf(message: string): ExecutorReport | undefined {
  if (message.length > longestMessage) return undefined;
  try {
    return parseReport(JSON.parse(message));
  } catch {
    return undefined;
  }
}
