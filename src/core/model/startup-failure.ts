import type { ContainerStatus, Pod } from '../../api/kubernetes.ts';
import { longestMessage } from './limits.ts';
import { visible } from './printable.ts';
import { serverStatus } from './server-container.ts';
import { parseTimestamp } from './time.ts';

/** Of what kind a fault is for which OpenBao does not start, and in which words it said so. */
interface StartupFailure {
  readonly fault: 'seal' | 'plugin' | 'self-initialization';
  /** One line, as a message may show it. */
  readonly words: string;
}

/**
 * What a start ends with, exit code 1, before the data is opened, as measured (docs/facts/openbao-2.6-measured.md,
 * section 5): each within ten seconds. Whatever else ends a start may have opened it.
 */
const failures: readonly (readonly [StartupFailure['fault'], RegExp])[] = [
  [
    'plugin',
    /plugin directory not configured|expand plugin directory|error while validating the command path/,
  ],
  [
    'seal',
    /Error (?:parsing Seal configuration|configuring seal)|unknown (?:wrapper: |KMS type )|two seals provided but neither is disabled|has PKCS#11 disabled/,
  ],
  ['self-initialization', /self-initialization failed: refusing to unseal/],
];

/** Six times what was measured at most. */
const longestMs = 60_000;

/** How the newest start of the server's container ended; undefined while it runs, or was never started. */
function endOfServer(pod: Pod | undefined): End | undefined {
  const { state, lastState } = serverStatus(pod) ?? {};
  return state?.running === undefined ? (state?.terminated ?? lastState?.terminated) : undefined;
}

type End = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

/** Which fault a start ended with before it opened the data; undefined where that is not known. */
export function startupFailure({
  exitCode,
  message = '',
  startedAt,
  finishedAt,
}: End): StartupFailure | undefined {
  const [from, to] = [parseTimestamp(startedAt), parseTimestamp(finishedAt)];
  const isShort = from !== undefined && to !== undefined && to - from <= longestMs;
  if (exitCode !== 1 || !isShort) return undefined;
  const lines = linesOf(message);
  // It was, before it ended.
  if (lines.some((line) => /\bunsealed\b/.test(line))) return undefined;
  for (const [fault, pattern] of failures) {
    const line = lines.find((each) => pattern.test(each));
    if (line !== undefined) return { fault, words: shown(line) };
  }
  return undefined;
}

/** The last words of a server that ended, a clause; undefined while it runs, or where it left none. */
export function lastWords(pod: Pod | undefined): string | undefined {
  const end = endOfServer(pod);
  if (end === undefined) return undefined;
  const failure = startupFailure(end);
  if (failure !== undefined) return `a ${failure.fault} fault: ${failure.words}`;
  const last = linesOf(end.message ?? '').at(-1);
  return last === undefined ? undefined : `its last words: ${shown(last)}`;
}

/** Without what is empty. */
const linesOf = (message: string): readonly string[] =>
  message
    .slice(0, longestMessage)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const shown = (line: string): string => visible(line.slice(0, 300));
