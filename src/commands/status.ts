import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option, type CommanderError } from 'commander';
import { exitCodes, status, type StatusIo, type StatusOptions } from '../cli/status.ts';
import { clusterReader } from '../cli/status/reader.ts';
import { processStreams } from '../cli/terminal.ts';
import { parseDuration } from '../core/model/duration.ts';
import { contextNamespace } from '../io/kubernetes/context-namespace.ts';
import { connect } from '../io/kubernetes/kubernetes.ts';

/** The process's own streams, clock and kubeconfig. */
export const processIo: StatusIo = {
  ...processStreams,
  terminal: () =>
    process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : undefined,
  now: Date.now,
  sleep: (milliseconds) => sleep(milliseconds),
  open(name, { kubeconfig, namespace = contextNamespace(kubeconfig) }) {
    return { reader: clusterReader(connect({ kubeconfig }), namespace, name), namespace };
  },
};

const description = [
  'Says where an OpenBao cluster is: what is in progress, since when, what it waits for, its pods, ' +
    'and the exact next command if a person must act. Needs the right to get openbaoclusters; ' +
    'shows more of the pods to whoever may list them.',
].join('\n\n');

const examples = `
Exit codes: 0 nothing needs a person, 1 it is held, waits for you, failed, down, gone or late,
2 it cannot be read. With --watch, 0 means that what was under way is done.

Examples:
  # where is it?
  rollguard status prod -n bao

  # watch an upgrade on a terminal; in a pipeline this prints a line per change
  # and ends when the upgrade does
  rollguard status prod -n bao --watch

  # for programs
  rollguard status prod -n bao -o json | jq '.state, .upgrade.phase'
`;

/** Columns, whatever the terminal has: the examples below it do not wrap either. */
const helpWidth = 100;

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('A duration is such as 90s, 10m or 1h30m.');
  return milliseconds;
}

/** `rollguard status` */
export function statusCommand(io: StatusIo = processIo): Command {
  const command = new Command('status')
    .argument('<cluster>', 'name of the OpenBaoCluster')
    .summary('say where a cluster is and what it waits for')
    .description(description)
    .addHelpText('after', examples)
    .showHelpAfterError('rollguard status --help shows the options and examples')
    .configureOutput({ writeOut: io.write, writeErr: io.writeError, getOutHelpWidth: () => helpWidth })
    .option('-n, --namespace <name>', 'its namespace (default: the one of the kubeconfig)')
    .option('-w, --watch', 'until what is in progress is done, or needs a person', false)
    .option('--timeout <duration>', 'with --watch: how long at most, such as 10m', duration)
    .addOption(
      new Option('-o, --output <format>', 'for people or for programs')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--kubeconfig <file>', 'how to reach the API server (default: as kubectl)')
    .action(async (name: string, options: StatusOptions) => io.exitCode(await status(name, options, io)));
  // Its own exit code for a wrong option is 1, which here means that a person must act.
  return command.exitOverride((error: CommanderError) =>
    io.abort(error.exitCode === 0 ? exitCodes.done : exitCodes.unusable),
  );
}
