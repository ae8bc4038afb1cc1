import { lastError } from '../../src/core/model/last-error.ts';
import { isHoldReasonOf } from '../../src/api/hold-reasons.ts';
import { existsSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Pod } from '../../src/api/kubernetes.ts';
import { parseOpenBaoCluster, type OpenBaoCluster } from '../../src/api/openbaocluster.ts';
import type { StatusIo } from '../../src/cli/status.ts';
import { processIo, statusCommand } from '../../src/commands/status.ts';
import type { Reader, Reading } from '../../src/cli/status/reader.ts';
import { failure as failureOf, type FailureReason } from '../../src/core/upgrade/rolling/failure.ts';
import { remedyOf as blueGreenRemedy } from '../../src/core/upgrade/bluegreen/remedy.ts';
import { overdueRemedy, remedy } from '../../src/core/upgrade/rolling/remedy.ts';
import { known, unknown } from '../../src/core/model/known.ts';
import { ApiError } from '../../src/io/kubernetes/kubernetes.ts';
import type { Outcome } from './transcript.ts';

/** The time at which every story is told: half a minute past eight. */
export const storyTime = Date.parse('2026-11-21T08:00:30Z');

interface StoryOptions {
  /** Default: standard output is no terminal. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  readonly color?: boolean;
}

/**
 * Runs a command line of `rollguard status` in this process against files instead of an API
 * server: `1.yaml` is what the first read finds, `2.yaml` the second, a second later, and the
 * last one every further. A document without a kind stands for a failure to read.
 */
export async function runStatus(
  line: string,
  { terminal, color = false }: StoryOptions = {},
): Promise<Outcome> {
  let now = storyTime;
  return runWith(line, {
    color: { stdout: color, stderr: color },
    terminal: () => terminal,
    now: () => now,
    sleep: async (milliseconds) => void (now += milliseconds),
    open: (name, { namespace = 'default' }) => ({ namespace, reader: simulatedReader(namespace, name) }),
  });
}

/**
 * Runs a command line of `rollguard status` in this process against the API server of its kubeconfig.
 *
 * @param meanwhile what happens between two reads of a watch, in place of the waiting
 */
export const runStatusForReal = (
  line: string,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<Outcome> =>
  runWith(line, {
    color: { stdout: false, stderr: false },
    terminal: () => undefined,
    now: processIo.now,
    sleep: async () => void (await meanwhile()),
    open: processIo.open,
  });

type World = Pick<StatusIo, 'color' | 'terminal' | 'now' | 'sleep' | 'open'>;

async function runWith(line: string, world: World): Promise<Outcome> {
  const args = line.split(' ').slice(2);
  let [stdout, stderr] = ['', ''];
  let code: number | undefined;
  const io: StatusIo = {
    ...world,
    write: (text) => void (stdout += text),
    writeError: (text) => void (stderr += text),
    exitCode: (value) => void (code = value),
    abort(value) {
      code = value;
      throw new Aborted();
    },
  };
  try {
    await statusCommand(io).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof Aborted)) throw error;
  }
  return { code, stdout, stderr };
}

/** In place of the end of the process. */
class Aborted extends Error {}

/** More reads than any story has: a watch that does not end is a failure, not a hang. */
const mostReads = 100;

function simulatedReader(namespace: string, name: string): Reader {
  let count = 0;
  return {
    async read() {
      count++;
      if (count > mostReads) throw new Error('the watch goes on after the end of the story');
      const path = existsSync(`${count}.yaml`) ? `${count}.yaml` : `${lastFile()}.yaml`;
      return readingIn(readFileSync(path, 'utf8'), namespace, name);
    },
    close: async () => {},
  };
}

function lastFile(): number {
  let last = 1;
  while (existsSync(`${last + 1}.yaml`)) last++;
  return last;
}

interface Document {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  /** In place of a kind: how the API server fails. */
  readonly status?: number;
  readonly message?: string;
}

function readingIn(yaml: string, namespace: string, name: string): Reading | undefined {
  const documents = parseAllDocuments(yaml).map((document) => document.toJS() as Document);
  const failure = documents.find(({ kind, status }) => kind === undefined && status !== undefined);
  if (failure !== undefined)
    throw new ApiError(failure.message ?? '', { status: failure.status ?? 0, reason: '' });
  const cluster = documents.find(
    ({ kind, metadata }) =>
      kind === 'OpenBaoCluster' && metadata?.name === name && metadata.namespace === namespace,
  );
  if (cluster === undefined) return undefined;
  const pods = documents.filter(({ kind }) => kind === 'Pod') as readonly Pod[];
  return {
    cluster: withWholeMessage(parseOpenBaoCluster(cluster)),
    // No pods in a story stand for no right to list them.
    pods: pods.length === 0 ? unknown('you are not permitted to list pods here') : known(pods),
  };
}

/** Hints of holds that are not about time, as the checks give them. */
const hints: { readonly [Reason in FailureReason]?: string } = {
  TargetImageUnusable: 'correct spec.version or spec.image',
};

/** Stories tell what is wrong; the upgrade itself says what to do about it, as in a real status. */
function withWholeMessage(cluster: OpenBaoCluster): OpenBaoCluster {
  const { status } = cluster;
  const { upgrade, blueGreen, lastErrorReason = '', lastErrorMessage = '' } = status ?? {};
  if (status !== undefined && blueGreen?.held === true) {
    const whatToDo = blueGreenRemedy({ observation: { cluster }, status, blueGreen });
    const said = lastError(lastErrorReason, { message: lastErrorMessage, ...whatToDo });
    return { ...cluster, status: { ...status, ...said } };
  }
  if (upgrade?.held !== true || !isFailureReason(lastErrorReason)) return cluster;
  if (forbidding.includes(lastErrorReason)) return cluster;
  const given = { observation: { cluster }, upgrade };
  const hint = hints[lastErrorReason];
  const whatToDo = hint === undefined ? overdueRemedy(given, lastErrorReason) : remedy(given, hint);
  const failure = failureOf(lastErrorReason, lastErrorMessage, whatToDo);
  return { ...cluster, status: { ...status, ...lastError(lastErrorReason, failure) } };
}

/** Their remedy is the rule's own. */
const forbidding: readonly string[] = ['DowngradeBlocked', 'PolicyViolation'];

const isFailureReason = (reason: string): reason is FailureReason => isHoldReasonOf('RollingUpgrade', reason);
