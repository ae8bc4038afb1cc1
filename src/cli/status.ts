import { SchemaViolation } from '../api/parse.ts';
import { ApiError } from '../io/kubernetes/kubernetes.ts';
import { progressLine } from './status/progress-line.ts';
import { type Reader, type Reading } from './status/reader.ts';
import { screen } from './status/screen.ts';
import { needsPerson } from './status/state.ts';
import { toText } from './status/text.ts';
import { clusterView, type ClusterView } from './status/view.ts';
import { watchUntilEnd } from './status/watch.ts';
import { painter, visible, type CommandIo } from './terminal.ts';

/** The command line, as commander reads it. */
export interface StatusOptions {
  /** Default: the kubeconfig's. */
  readonly namespace?: string;
  readonly watch: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly output: 'text' | 'json';
  readonly kubeconfig?: string;
}

/** The world around the program. */
export interface StatusIo extends CommandIo {
  /** The size of the terminal that standard output is; undefined when it is none. */
  readonly terminal: () => { readonly columns: number; readonly rows: number } | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** @throws Error when there is no usable kubeconfig */
  readonly open: (
    name: string,
    options: StatusOptions,
  ) => { readonly reader: Reader; readonly namespace: string };
}

/** What the program exits with. */
export const exitCodes = { done: 0, stopped: 1, gone: 1, late: 1, unusable: 2 } as const;

/**
 * Shows where a cluster is and what it waits for; with `watch`, until that is done.
 *
 * @returns the exit code: 0 nothing needs a person, 1 something does (or it is gone, or late), 2 it cannot be read
 */
export async function status(name: string, options: StatusOptions, io: StatusIo): Promise<number> {
  const fail = (message: string): number => {
    io.writeError(`${painter(io.color.stderr)('red', 'error:')} ${visible(message)}\n`);
    return exitCodes.unusable;
  };
  let opened: ReturnType<StatusIo['open']>;
  try {
    opened = io.open(name, options);
  } catch (error) {
    return fail(`${(error as Error).message}; name a kubeconfig with --kubeconfig or KUBECONFIG`);
  }
  const { reader, namespace } = opened;
  try {
    const first = await reader.read();
    if (first === undefined) {
      return fail(
        `there is no openbaocluster ${namespace}/${name}; kubectl get openbaoclusters -A lists those that are`,
      );
    }
    return options.watch ? await watch(first, reader, options, io) : showOnce(first, options, io);
  } catch (error) {
    if (error instanceof ApiError) return fail(`${error.message}${remedy(error)}`);
    if (error instanceof SchemaViolation) return fail(error.message);
    throw error;
  } finally {
    await reader.close();
  }
}

function remedy({ status: code }: ApiError): string {
  if (code === 403) return '; you need the right to get openbaoclusters in that namespace';
  if (code === 401) return '; the credentials of the kubeconfig are not accepted';
  return code === 0 ? '; is the address in the kubeconfig right, and can it be reached from here?' : '';
}

const viewer =
  ({ kubeconfig }: StatusOptions, io: StatusIo) =>
  ({ cluster, pods }: Reading): ClusterView =>
    clusterView(cluster, pods, io.now(), { kubeconfig });

function showOnce(reading: Reading, options: StatusOptions, io: StatusIo): number {
  const view = viewer(options, io)(reading);
  io.write(
    options.output === 'json' ? `${JSON.stringify(view, null, 2)}\n` : toText(view, painter(io.color.stdout)),
  );
  return needsPerson(view.state) || view.down ? exitCodes.stopped : exitCodes.done;
}

async function watch(first: Reading, reader: Reader, options: StatusOptions, io: StatusIo): Promise<number> {
  const live = options.output === 'text' && io.terminal() !== undefined;
  const { show, finish } = live ? redrawing(io) : options.output === 'json' ? documents(io) : lines(io);
  let troubled = false;
  const ending = await watchUntilEnd(first, reader, {
    view: viewer(options, io),
    show,
    trouble(message) {
      if (message !== undefined && !troubled) io.writeError(`${visible(message)}; retrying\n`);
      troubled = message !== undefined;
    },
    // Nobody could end it where there is no terminal.
    stay: io.terminal() !== undefined,
    timeoutMs: options.timeout,
    now: io.now,
    sleep: io.sleep,
  });
  finish();
  if (ending === 'gone') io.writeError('the cluster is gone\n');
  if (ending === 'late') io.writeError('not done within --timeout; the operation continues\n');
  return exitCodes[ending];
}

interface Display {
  readonly show: (view: ClusterView) => void;
  /** Said once, at the end. */
  readonly finish: () => void;
}

function redrawing(io: StatusIo): Display {
  const display = screen();
  return {
    show(view) {
      const text = toText(view, painter(io.color.stdout));
      io.write(display.redraw(text, io.terminal() ?? { columns: 80, rows: 24 }));
    },
    finish: () => {},
  };
}

/** A line per change for logs, and the whole at the end if a person must act. */
function lines(io: StatusIo): Display {
  let last = '';
  let view: ClusterView | undefined;
  return {
    show(next) {
      view = next;
      const line = progressLine(next);
      if (line !== last) io.write(`${new Date(io.now()).toISOString().replace(/\.\d+/, '')}  ${line}\n`);
      last = line;
    },
    finish() {
      if (view !== undefined && needsPerson(view.state))
        io.write(`\n${toText(view, painter(io.color.stdout))}`);
    },
  };
}

/** A JSON document in a line per change. */
function documents(io: StatusIo): Display {
  let last = '';
  return {
    show(view) {
      const line = progressLine(view);
      if (line !== last) io.write(`${JSON.stringify(view)}\n`);
      last = line;
    },
    finish: () => {},
  };
}
