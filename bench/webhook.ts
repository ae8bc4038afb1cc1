/**
 * `npm run bench -- webhook [OTHER_CHECKOUT] [--rounds=N]`: the webhook server as a whole beside two that do nothing
 * but answer, and beside that of another checkout of this project, which has its packages.
 *
 * Rollguard is the program itself, `rollguard webhook`, bundled as in its image, with a stand-in for the API server;
 * the others are a bare Express 5 and a bare node:https server that parse the same JSON and
 * answer "allowed". Each is a process of its own on core 0, the load generator one on core 1;
 * they are measured by turns, so that whatever else the machine does hits all alike.
 *
 * Prints figures and exits 0 whatever they are: this measures, the tests judge.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { spawnSync, type ChildProcess } from 'node:child_process';
import { programBundle } from '../test/cluster/bundle.ts';
import { programFlags } from '../packaging/image/dockerfile.ts';
import { freePorts } from '../test/support/free-ports.ts';
import { createKeyPair } from '../test/support/key-pair.ts';
import type { Load, Result } from './load.ts';
import { canPin, residentMiB, runNode, startNode, stop, untilListening } from './processes.ts';
import { medianOf, table, verdicts, verdictsOnOther, type Figures } from './report.ts';
import { allowedReview, deniedReview } from './reviews.ts';
import { apiServer, kubeconfig } from './stand-in.ts';

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { rounds: { type: 'string' }, quick: { type: 'boolean' } },
});
const [, otherCheckout] = positionals;
const isQuick = values.quick === true;
const rounds = Number(values.rounds ?? (isQuick ? 1 : 9));
const warmUpMs = isQuick ? 100 : 500;
const measureMs = isQuick ? 200 : 2_500;
const connections = 64;
/** Of the image: small young generations halve the memory of a busy server at no cost in throughput. */
const nodeFlags = programFlags();

const scriptOf = (name: string) => join(import.meta.dirname, name);

interface Server {
  readonly process: ChildProcess;
  readonly port: number;
}

const directory = await mkdtemp(join(tmpdir(), 'rollguard-bench-'));
const started: ChildProcess[] = [];
try {
  await bench();
} finally {
  await Promise.all(started.map(stop));
  apiServer.close();
  apiServer.closeAllConnections();
  await rm(directory, { recursive: true });
}

async function bench(): Promise<void> {
  const certificate = await createKeyPair();
  await writeFile(join(directory, 'tls.crt'), certificate.cert);
  await writeFile(join(directory, 'tls.key'), certificate.key);
  await writeFile(join(directory, 'kubeconfig'), await kubeconfig());

  const rollguard = await startRollguard(await programBundle());
  const express = await start(scriptOf('servers/express.ts'), (port) => [port, directory]);
  const bare = await start(scriptOf('servers/node-https.ts'), (port) => [port, directory]);

  const allowed = { body: allowedReview, expected: '"allowed":true' };
  const denied = { body: deniedReview, expected: '"reason":"ImageVersionMismatch"' };
  const measured = [
    { name: 'node:https', server: bare, ...allowed },
    { name: 'Express 5', server: express, ...allowed },
    { name: 'Rollguard, allowed', server: rollguard, ...allowed },
    { name: 'Rollguard, denied', server: rollguard, ...denied },
  ];
  if (otherCheckout !== undefined) {
    const other = await startRollguard(bundleOf(resolve(otherCheckout)));
    const name = basename(resolve(otherCheckout));
    measured.push(
      { name: `${name}, allowed`, server: other, ...allowed },
      { name: `${name}, denied`, server: other, ...denied },
    );
  }
  console.log(
    `OpenBaoCluster UPDATE of ${allowedReview.length} bytes, ${connections} kept-alive TLS connections`,
  );
  console.log(
    `${rounds} rounds of ${measureMs} ms by turns, medians; Node ${process.version}, ${cpus()[0]?.model}`,
  );
  if (!canPin)
    console.log('taskset or a second core is missing: servers and load share the cores, which blurs it');

  const figures = new Map<string, Figures[]>(measured.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, server, body, expected } of measured) {
      figures.get(name)!.push(await measure(name, server, { ca: certificate.cert, body, expected }));
    }
  }
  const [ofBare = [], ofExpress = [], allowedHere = [], deniedHere = [], allowedThere, deniedThere] =
    figures.values();
  console.log(`\n${table([...figures.values()].map(medianOf))}\n`);
  console.log(verdicts(allowedHere, ofExpress, ofBare));
  if (allowedThere === undefined || deniedThere === undefined) return;
  console.log(verdictsOnOther([allowedHere, deniedHere], [allowedThere, deniedThere]));
}

/** The program of another checkout as its image holds it: an older one bundles what it has built. */
function bundleOf(checkout: string): string {
  for (const script of ['build', 'bundle']) {
    const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: checkout, stdio: 'inherit' });
    if (status !== 0) throw new Error(`npm run ${script} has failed in ${checkout}`);
  }
  return join(checkout, 'build/bundle');
}

async function startRollguard(folder: string): Promise<Server> {
  const [statusPort = 0] = await freePorts(1);
  return start(join(folder, 'main.js'), (port) => [
    'webhook',
    `--port=${port}`,
    `--status-port=${statusPort}`,
    `--tls-dir=${directory}`,
    `--kubeconfig=${join(directory, 'kubeconfig')}`,
  ]);
}

async function start(script: string, args: (port: string) => readonly string[]): Promise<Server> {
  const [port = 0] = await freePorts(1);
  const child = startNode(0, [...nodeFlags, script, ...args(String(port))], 'quiet');
  started.push(child);
  await untilListening(child, port);
  return { process: child, port };
}

async function measure(
  name: string,
  server: Server,
  review: Pick<Load, 'ca' | 'body' | 'expected'>,
): Promise<Figures> {
  const load: Load = {
    ...review,
    port: server.port,
    pid: server.process.pid!,
    path: '/validate/openbaoclusters',
    connections,
    warmUpMs,
    measureMs,
  };
  const result = JSON.parse(await runNode(1, [scriptOf('load.ts')], JSON.stringify(load))) as Result;
  return {
    name,
    ...result,
    rssMiB: residentMiB(server.process),
  };
}
