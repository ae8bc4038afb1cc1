import { Command, Option } from 'commander';
import { fork, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { componentsAvailability } from './availability.ts';
import { crashingControllerBundle, openBaoModelBundle } from './bundle.ts';
import { controlPlaneComponents, findBinaries, nodeComponents } from './components.ts';
import { availability, startGround, tellStderr, type GroundSize, type PodNetwork } from './test-cluster.ts';
import { baseImage, pauseImage, rollguardImage } from './images.ts';
import { installMissingPackages } from './packages.ts';
import { isRunning, signal, waitUntilEnded } from '../support/processes.ts';
import { knownGrounds, removeLeftovers, type KnownGround } from './state.ts';

interface Choice {
  readonly size: GroundSize;
  readonly network: PodNetwork;
}

/** What the process that owns a kept ground tells the one that started it. */
type Report =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'ready'; readonly directory: string }
  | { readonly kind: 'failed'; readonly message: string };

const size = () =>
  new Option('--size <size>', 'etcd and an API server, or a whole node (needs root)').choices([
    'control-plane',
    'node',
  ] satisfies GroundSize[]);
const network = () =>
  new Option('--network <network>', 'how pods reach each other')
    .choices(['ptp', 'bridge'] satisfies PodNetwork[])
    .default('ptp');

const program = new Command('cluster').description(
  'A real Kubernetes on this machine, the same that the tests use.',
);
program
  .command('up')
  .description('start it; it runs until `down`')
  .addOption(size().default('node'))
  .addOption(network())
  .action(up);
program
  .command('down')
  .description('stop what `up` started and leave nothing of it')
  .addOption(size())
  .action(down);
program
  .command('kubeconfig')
  .description('print the path of its kubeconfig')
  .addOption(size())
  .action((choice: Partial<Choice>) => console.log(join(keptGround(choice.size).directory, 'kubeconfig')));
program
  .command('shell')
  .description('open a shell with its KUBECONFIG and kubectl')
  .addOption(size())
  .action(shell);
program
  .command('prepare')
  .description('build and cache all that `up` and the tests need, and start nothing')
  .addOption(size().default('node'))
  .action(prepare);
program.command('own', { hidden: true }).addOption(size()).addOption(network()).action(own);

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

/** The ground that `up` started and that still has its owner. @throws Error when there is none */
function keptGround(wanted: GroundSize | undefined): KnownGround {
  const kept = keptGrounds(wanted);
  const [ground] = kept;
  if (ground === undefined) throw new Error('no cluster runs here: start one with `up`');
  if (kept.length > 1) throw new Error('more than one cluster runs here: name one with --size');
  return ground;
}

function keptGrounds(wanted: GroundSize | undefined): readonly KnownGround[] {
  return knownGrounds().filter(
    ({ owner, record }) =>
      record?.kept === true && isRunning(owner) && (wanted === undefined || wanted === record.size),
  );
}

async function up(choice: Choice): Promise<void> {
  if ((process.env['KUBECONFIG'] ?? '') !== '') {
    throw new Error('KUBECONFIG names a cluster already: unset it to start one here');
  }
  if (keptGrounds(choice.size).length > 0)
    throw new Error(`a cluster of the size ${choice.size} runs already`);
  await demandAvailable(choice.size);
  const directory = await startOwner(choice);
  const kubeconfig = join(directory, 'kubeconfig');
  process.stderr.write(`ready; logs are in ${join(directory, 'logs')}\n`);
  console.log(`export KUBECONFIG=${kubeconfig}`);
}

async function demandAvailable(wanted: GroundSize): Promise<void> {
  const found = await availability(wanted);
  if (!found.available) throw new Error(`${found.why}: ${found.remedy}`);
}

/** Starts the process that owns the ground and outlives this one. Resolves to the state directory. */
async function startOwner(choice: Choice): Promise<string> {
  const args = ['own', `--size=${choice.size}`, `--network=${choice.network}`];
  const owner = fork(import.meta.filename, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const directory = await new Promise<string>((resolve, reject) => {
    owner.on('message', (report: Report) => {
      if (report.kind === 'progress') tellStderr(report.line);
      else if (report.kind === 'ready') resolve(report.directory);
      else reject(new Error(report.message));
    });
    owner.once('exit', () => reject(new Error('the process that owns the cluster ended')));
  });
  owner.disconnect();
  owner.unref();
  return directory;
}

/** Owns a ground until it is told to end. */
async function own(choice: Choice): Promise<void> {
  const report = (message: Report) => process.connected && process.send?.(message);
  // Whoever asked for it is gone before it is ready: nobody wants it.
  const giveUp = () => process.exit(1);
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(name, giveUp);
  process.once('disconnect', giveUp);
  try {
    const progress = (line: string) => report({ kind: 'progress', line });
    const ground = await startGround({ ...choice, progress, kept: true });
    process.removeListener('disconnect', giveUp);
    const stop = () => void ground.stop().finally(() => process.exit());
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.removeListener(name, giveUp);
      process.once(name, stop);
    }
    report({ kind: 'ready', directory: ground.directory });
    // Nothing else keeps this process.
    setInterval(() => {}, 1 << 30);
  } catch (error) {
    report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    if (process.connected) process.disconnect();
  }
}

async function down(choice: Partial<Choice>): Promise<void> {
  const owners = keptGrounds(choice.size).map(({ owner }) => owner);
  for (const owner of owners) signal(owner, 'SIGTERM');
  const left = await waitUntilEnded(owners, 60_000);
  for (const owner of left) signal(owner, 'SIGKILL');
  await waitUntilEnded(left, 5000);
  for (const line of await removeLeftovers()) tellStderr(line);
  process.stderr.write(owners.length === 0 ? 'no cluster runs here\n' : 'stopped\n');
}

async function shell(choice: Partial<Choice>): Promise<void> {
  const { directory } = keptGround(choice.size);
  const { paths } = await findBinaries(['kubectl'], tellStderr);
  const env = {
    ...process.env,
    KUBECONFIG: join(directory, 'kubeconfig'),
    PATH: [dirname(paths.kubectl), process.env['PATH']].join(delimiter),
  };
  const child = spawn(process.env['SHELL'] ?? '/bin/sh', { stdio: 'inherit', env });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, name) => resolve(code ?? 128 + (name === null ? 0 : constants.signals[name])));
  });
}

async function prepare(choice: Pick<Choice, 'size'>): Promise<void> {
  await demandAvailable(choice.size);
  await findBinaries(choice.size === 'node' ? nodeComponents : controlPlaneComponents, tellStderr);
  if (choice.size === 'control-plane') return;
  // Where one cannot be built, the tests that need it say so and are skipped.
  for (const name of ['minio', 'helm3'] as const) {
    if ((await componentsAvailability([name])).available) await findBinaries([name], tellStderr);
  }
  await installMissingPackages(tellStderr);
  await pauseImage(tellStderr);
  await baseImage([], tellStderr);
  await rollguardImage(tellStderr);
  // Else each process of the tests would make them, at the same time.
  await crashingControllerBundle();
  await openBaoModelBundle();
}
