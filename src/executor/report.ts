import { writeFile } from 'node:fs/promises';
import { defined } from '../api/object-fields.ts';
import type { ExecutorReport } from '../core/jobs/executor-report.ts';

/** What Kubernetes keeps of a termination message, less what JSON adds to escape a text. */
const longestMessage = 1500;

type Data = Readonly<Record<string, unknown>>;

export const done = (reason: string, message: string, data?: Data): ExecutorReport => ({
  outcome: 'done',
  reason,
  message,
  ...defined({ data }),
});

export const refused = (reason: string, message: string, data?: Data): ExecutorReport => ({
  ...done(reason, message, data),
  outcome: 'refused',
});

export const failed = (reason: string, message: string, data?: Data): ExecutorReport => ({
  ...done(reason, message, data),
  outcome: 'failed',
});

/** Leaves the report where the kubelet reads it. */
export async function writeReport(file: string, report: ExecutorReport): Promise<void> {
  const message =
    report.message.length > longestMessage ? `${report.message.slice(0, longestMessage)}…` : report.message;
  await writeFile(file, JSON.stringify({ ...report, message }));
}
