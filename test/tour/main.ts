import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { availability, startGround, type Ground } from '../cluster/test-cluster.ts';
import { provideVolumes } from '../cluster/volumes.ts';
import { install } from '../support/install.ts';
import { runBlueGreenTour } from './blue-green.ts';
import { runReleaseTour } from './releases.ts';
import { runTour } from './steps.ts';

/**
 * `npm start`: shows the refusals offline; then, in a real Kubernetes, a cluster that comes up, is upgraded
 * and refuses what must not be, through real kubectl; and stays until Ctrl-C (`--once`: ends after the tour).
 * `--tour bluegreen` shows a blue-green upgrade and its ways back instead, `--tour metadataservices` releases that roll
 * themselves back.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { once: { type: 'boolean', default: false }, tour: { type: 'string', default: 'upgrade' } },
  });
  const tour = tours[values.tour];
  if (tour === undefined) {
    process.stderr.write(`--tour: ${values.tour} is none of ${Object.keys(tours).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const foreign = (process.env['KUBECONFIG'] ?? '') !== '';
  if (foreign && tour === runReleaseTour) {
    process.stderr.write(
      `--tour ${values.tour}: its images are made for a node of its own; unset KUBECONFIG, and it starts one\n`,
    );
    process.exitCode = 2;
    return;
  }
  showOffline();
  const there = await availability('node');
  if (!foreign && !there.available) {
    say(
      `\nNo cluster can be had here: ${there.why}.\n${there.remedy}\nOr name one of yours in KUBECONFIG. The offline part above needs none.`,
    );
    return;
  }
  say('\n── In a real cluster ──\n');
  const ground = await startGround({ size: 'node', progress: tell });
  // From here on Ctrl-C has something to take away.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
  const endVolumes = provideVolumes(ground);
  try {
    await Promise.race([stayAfterTour(ground, tour, values.once, stopped), stopped]);
  } finally {
    say('\nstopping; nothing is left behind');
    await endVolumes();
    await ground.stop();
  }
}

type Tour = (ground: Ground, say: (text: string) => void) => Promise<void>;

async function stayAfterTour(
  ground: Ground,
  tour: Tour,
  once: boolean,
  stopped: Promise<void>,
): Promise<void> {
  const installation = await install(ground, 'manifests/base', tell);
  say(installation.applied);
  await tour(ground, say);
  if (once) {
    // A cluster that is not ours is given back as it was.
    if (!ground.isOwn) say((await installation.uninstall()).stdout);
    return;
  }
  say(
    `\nIt stays up. Try for yourself:\n\n  export KUBECONFIG=${ground.kubeconfig}\n  kubectl get bao,mds -A\n\nCtrl-C ends it.`,
  );
  // A pending promise alone does not keep a process alive.
  const alive = setInterval(() => {}, 60_000);
  await stopped;
  clearInterval(alive);
  if (!ground.isOwn) say((await installation.uninstall()).stdout);
}

function showOffline(): void {
  say('── Offline: what the gate would say, before a merge ──\n');
  const refused = 'manifests/samples/refused';
  for (const args of [
    ['-f', `${refused}/downgrade.yaml`, '--old', `${refused}/stored/downgrade.yaml`],
    ['-f', `${refused}/image-mismatch.yaml`],
    ['-f', `${refused}/stale-ack.yaml`, '--old', `${refused}/stored/stale-ack.yaml`],
  ]) {
    say(`$ rollguard review ${args.join(' ')}`);
    spawnSync(process.execPath, ['src/main.ts', 'review', ...args], { stdio: 'inherit' });
    say('');
  }
}

const say = (text: string) => void process.stdout.write(`${text}\n`);
const tell = (line: string) => void process.stderr.write(`  … ${line}\n`);

const tours: Readonly<Record<string, Tour>> = {
  upgrade: runTour,
  bluegreen: runBlueGreenTour,
  metadataservices: runReleaseTour,
};

await main();
