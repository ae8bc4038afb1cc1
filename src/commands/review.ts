import { Command, InvalidArgumentError, Option, type CommanderError } from 'commander';
import { verbs, type Verb } from '../api/labels.ts';
import { exitCodes, review, type ReviewIo, type ReviewOptions } from '../cli/review.ts';
import { processStreams } from '../cli/terminal.ts';

/** The process's own streams. */
const processIo: ReviewIo = {
  ...processStreams,
  stdin: () => process.stdin,
};

const description = [
  'Says what the gate would answer to a change, before it is applied. Needs no cluster.',
  'An object that --old or --state holds as well is judged as an UPDATE of it, any other as a CREATE. ' +
    'The file is taken for the whole new object. Objects are judged in the order of the files, ' +
    'each as if those before it had been applied.',
].join('\n\n');

const examples = `
Exit codes: 0 all allowed, 1 something refused, 2 the input cannot be used (then nothing
is judged, standard output stays empty, and standard error says file, line and column).

Examples:
  # a pull request against what its target branch says
  git show main:prod.yaml | rollguard review -f prod.yaml --old -

  # against what is stored, status included, and what is there: volumes count by exact names
  kubectl get openbaocluster prod -o yaml > stored.yaml
  kubectl get pvc,pods -o yaml > state.yaml
  rollguard review -f prod.yaml --old stored.yaml --state state.yaml

  # may Jane acknowledge an incident, if she holds that verb and no other?
  rollguard review -f prod.yaml --old stored.yaml --as jane --can acknowledge

  # may the pipeline delete these pods?
  kubectl get pods -l openbao.org/cluster=prod -o yaml | rollguard review -f - --operation DELETE --as ci

  # for programs
  rollguard review -f manifests/ -o json | jq '.results[] | select(.allowed | not)'
`;

/** Collects an option that may be given again. */
const each = (value: string, before: readonly string[] = []) => [...before, value];

function eachVerb(value: string, before: readonly Verb[] = []): readonly Verb[] {
  const verb = verbs.find((known) => known === value);
  if (verb === undefined) throw new InvalidArgumentError(`The verbs are ${verbs.join(', ')}.`);
  return [...before, verb];
}

const none = {
  filename: [],
  old: [],
  state: [],
  asGroup: [],
  can: [],
  trustedController: [],
  gateOnly: false,
};

/** Columns, whatever the terminal has: the examples below it do not wrap either. */
const helpWidth = 100;

/** `rollguard review` */
export function reviewCommand(io: ReviewIo = processIo): Command {
  const command = new Command('review')
    .usage('-f CHANGE.yaml [--old OLD.yaml] [--state OTHER.yaml] [options]')
    .summary('say what the gate would answer to a change')
    .description(description)
    .addHelpText('after', examples)
    .showHelpAfterError('rollguard review --help shows the options and examples')
    .configureOutput({
      writeOut: io.write,
      writeErr: io.writeError,
      getOutHelpWidth: () => helpWidth,
    })
    .option(
      '-f, --filename <path>',
      'file, folder or - (standard input); may be given again, as most here',
      each,
    )
    .option('--old <path>', 'the same objects as they are stored, with their status', each)
    .option('--state <path>', 'other objects of the cluster: volumes, pods, namespaces', each)
    .option('-n, --namespace <name>', 'of objects that name none', 'default')
    .option('--as <user>', 'who applies it; without it, permissions are not judged')
    .option('--as-group <group>', 'a group of that user (system:masters may do everything)', each)
    .option('--can <verb>', `a custom verb that the user holds: ${verbs.join(', ')}`, eachVerb)
    .addOption(
      new Option('--operation <operation>', 'what is done with the objects of -f').choices([
        'CREATE',
        'UPDATE',
        'DELETE',
      ]),
    )
    .addOption(
      new Option('--enforce <mode>', 'warn: nothing is refused, as by the gate under the same flag')
        .choices(['deny', 'warn'])
        .default('deny'),
    )
    .option('--gate-only', "where the CRDs are another operator's: judges by the gate's rules alone")
    .option('--trusted-controller <user>', 'user name of a controller that owns the clusters', each)
    .addOption(
      new Option('-o, --output <format>', 'for people or for programs')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action(async (options: Partial<ReviewOptions>) =>
      io.exitCode(await review({ ...none, ...options } as ReviewOptions, io)),
    );
  // Its own exit code for a wrong option is 1, which here means refused.
  return command.exitOverride((error: CommanderError) =>
    io.abort(error.exitCode === 0 ? exitCodes.allowed : exitCodes.unusable),
  );
}
