/**
 * `npm run bench -- webhook`: the webhook server as a whole beside two that do nothing but answer.
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
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { programBundle } from '../test/cluster/bundle.ts';
import { programFlags } from '../test/support/dockerfile.ts';
import { freePorts } from '../test/support/free-ports.ts';
import { createKeyPair } from '../test/support/key-pair.ts';
import type { Load, Result } from './load.ts';
import { canPin, cpuSeconds, residentMiB, runNode, startNode, stop, untilListening } from './processes.ts';
import { medianOf, table, verdicts, type Figures } from './report.ts';
import { allowedReview, deniedReview } from './reviews.ts';
import { apiServer, kubeconfig } from './stand-in.ts';

const isQuick = process.argv.includes('--quick');
const rounds = isQuick ? 1 : 9;
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

  const [statusPort = 0] = await freePorts(1);
  const rollguard = await start(join(await programBundle(), 'main.js'), (port) => [
    'webhook',
    `--port=${port}`,
    `--status-port=${statusPort}`,
    `--tls-dir=${directory}`,
    `--kubeconfig=${join(directory, 'kubeconfig')}`,
  ]);
  const express = await start(scriptOf('servers/express.ts'), (port) => [port, directory]);
  const bare = await start(scriptOf('servers/node-https.ts'), (port) => [port, directory]);

  const measured = [
    { name: 'node:https', server: bare, body: allowedReview, expected: '"allowed":true' },
    { name: 'Express 5', server: express, body: allowedReview, expected: '"allowed":true' },
    { name: 'Rollguard, allowed', server: rollguard, body: allowedReview, expected: '"allowed":true' },
    {
      name: 'Rollguard, denied',
      server: rollguard,
      body: deniedReview,
      expected: '"reason":"ImageVersionMismatch"',
    },
  ];
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
  const [ofBare = [], ofExpress = [], ofOurs = []] = figures.values();
  console.log(`\n${table([...figures.values()].map(medianOf))}\n`);
  console.log(verdicts(ofOurs, ofExpress, ofBare));
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
    path: '/validate/openbaoclusters',
    connections,
    warmUpMs,
    measureMs,
  };
  const cpuBefore = cpuSeconds(server.process);
  const result = JSON.parse(await runNode(1, [scriptOf('load.ts')], JSON.stringify(load))) as Result;
  const seconds = cpuSeconds(server.process) - cpuBefore;
  return {
    name,
    requestsPerSecond: result.requestsPerSecond,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuMicroseconds: (seconds / result.answers) * 1_000_000,
    rssMiB: residentMiB(server.process),
    // Over the warm-up too, which is load as well.
    serverBusy: seconds / ((warmUpMs + measureMs) / 1_000),
    clientBusy: result.busy,
  };
}
