/**
 * `npm run bench -- flood [FOLDER of another build]`: the webhook server under the ordinary load, alone and beside
 * 200 connections that send bodies of 8 MiB, ten dry runs of 2.9 MiB a second, and 50 senders that are slow.
 *
 * The server is on core 0 with the heap that its container's limit of 384 MiB leaves it, all load on core 1.
 * Prints figures and exits 0 whatever they are: this measures, the tests judge.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programBundle } from '../test/cluster/bundle.ts';
import { programFlags } from '../packaging/image/dockerfile.ts';
import { freePorts } from '../test/support/free-ports.ts';
import { createKeyPair } from '../test/support/key-pair.ts';
import type { Flood, Flooded } from './flood-load.ts';
import type { Load, Result } from './load.ts';
import { canPin, residentMiB, runNode, startNode, stop, untilListening } from './processes.ts';
import { allowedReview, deniedReview } from './reviews.ts';
import { apiServer, kubeconfig } from './stand-in.ts';

const isQuick = process.argv.includes('--quick');
const measureMs = isQuick ? 2_000 : 12_000;
const [, otherBuild] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const scriptOf = (name: string) => join(import.meta.dirname, name);
const directory = await mkdtemp(join(tmpdir(), 'rollguard-flood-'));
const path = '/validate/openbaoclusters';

try {
  const certificate = await createKeyPair();
  await writeFile(join(directory, 'tls.crt'), certificate.cert);
  await writeFile(join(directory, 'tls.key'), certificate.key);
  await writeFile(join(directory, 'kubeconfig'), await kubeconfig());
  if (!canPin) console.log('taskset or a second core is missing: server and load share the cores');
  await measure('this build', await programBundle(), certificate.cert);
  if (otherBuild !== undefined) await measure(otherBuild, otherBuild, certificate.cert);
} finally {
  apiServer.close();
  apiServer.closeAllConnections();
  await rm(directory, { recursive: true });
}

async function measure(name: string, build: string, ca: string): Promise<void> {
  const [port = 0, statusPort = 0] = await freePorts(2);
  const server = startNode(
    0,
    [
      ...programFlags(),
      '--max-old-space-size=192',
      join(build, 'main.js'),
      'webhook',
      `--port=${port}`,
      `--status-port=${statusPort}`,
      `--tls-dir=${directory}`,
      `--kubeconfig=${join(directory, 'kubeconfig')}`,
      '--log-level=error',
    ],
    'quiet',
  );
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, residentMiB(server) || 0)), 50);
  try {
    await untilListening(server, port);
    const load: Load = {
      ca,
      port,
      pid: server.pid!,
      path,
      body: allowedReview,
      expected: '"allowed":true',
      connections: 64,
      warmUpMs: 1_000,
      measureMs,
    };
    const ask = async (): Promise<Result> =>
      JSON.parse(await runNode(1, [scriptOf('load.ts')], JSON.stringify(load))) as Result;
    await ask();
    const alone = await ask();
    const ordinary = peak;
    const flood: Flood = {
      ca,
      port,
      path,
      body: deniedReview,
      large: 200,
      dryRuns: 10,
      slow: 50,
      ms: measureMs + 4_000,
    };
    const flooding = runNode(1, [scriptOf('flood-load.ts')], JSON.stringify(flood));
    await sleep(2_000);
    const beside = await ask().catch((error: Error) => error.message.slice(0, 200));
    const answers = JSON.parse(await flooding) as Flooded;
    console.log(`\n${name}`);
    console.log(`  alone:  ${said(alone)}, at most ${ordinary.toFixed(0)} MiB`);
    console.log(
      `  beside: ${typeof beside === 'string' ? `ended: ${beside}` : said(beside)}, at most ${peak.toFixed(0)} MiB (${(peak / ordinary).toFixed(2)} times)`,
    );
    if (typeof beside !== 'string')
      console.log(`  p99 beside is ${(beside.p99Ms / alone.p99Ms).toFixed(2)} times that alone`);
    console.log(`  the flood was answered: ${JSON.stringify(answers)}`);
    console.log(
      `  the server ${server.exitCode === null && server.signalCode === null ? 'lives' : 'has ended'}`,
    );
  } finally {
    clearInterval(sampling);
    await stop(server);
  }
}

function said({ requestsPerSecond, p50Ms, p99Ms }: Result): string {
  return `${requestsPerSecond.toFixed(0)} reviews a second, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
}
