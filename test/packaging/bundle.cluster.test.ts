import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { licensesFile } from '../../packaging/bundle.ts';
import { programBundle } from '../cluster/bundle.ts';
import { freePorts } from '../support/free-ports.ts';
import { packageRoot } from '../../packaging/package-root.ts';
import { createKeyPair } from '../support/key-pair.ts';
import { clusterReview } from '../webhooks/support/reviews.ts';

describe('the bundle that the image holds', function () {
  let bundle: string;
  let folder: string;
  let kubeconfig: string;
  const servers: ChildProcess[] = [];

  before(async function () {
    bundle = await programBundle();
    folder = mkdtempSync(join(tmpdir(), 'rollguard-bundle-'));
    kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, JSON.stringify(unreachable));
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      if (server.exitCode !== null) continue;
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const start = (...args: readonly string[]) =>
    spawn(process.execPath, [join(bundle, 'main.js'), ...args], { cwd: packageRoot });

  async function run(...args: readonly string[]) {
    const child = start(...args);
    const ended = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await ended) as [number | null];
    return { code, stdout, stderr };
  }

  /** Starts a server, and asks for the path until it is answered. */
  async function serve(path: string, ...args: readonly string[]): Promise<string> {
    const [statusPort = 0] = await freePorts(1);
    const server = start(...args, `--status-port=${statusPort}`, `--kubeconfig=${kubeconfig}`);
    servers.push(server);
    const said = text(server.stdout);
    const complaints = text(server.stderr);
    for (;;) {
      if (server.exitCode !== null) throw new Error(`${args[0]} ended: ${await said}${await complaints}`);
      const answer = await fetch(`http://127.0.0.1:${statusPort}${path}`).catch(() => undefined);
      if (answer?.ok === true) return answer.text();
      await delay(50);
    }
  }

  for (const command of ['webhook', 'controller', 'executor', 'review', 'status']) {
    it(`says what ${command} takes`, async () => {
      const { code, stdout, stderr } = await run(command, '--help');
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout).to.match(new RegExp(`^Usage: rollguard ${command} `));
    });
  }

  it('reviews a change', async () => {
    const { code, stdout } = await run('review', '-f', 'manifests/samples/refused/image-mismatch.yaml');
    expect(stdout).to.contain('ImageVersionMismatch at ');
    expect(code).to.equal(1);
  });

  it('answers a review over TLS', async () => {
    const { cert, key } = await createKeyPair();
    writeFileSync(join(folder, 'tls.crt'), cert);
    writeFileSync(join(folder, 'tls.key'), key);
    const [port = 0] = await freePorts(1);
    await serve('/readyz', 'webhook', `--port=${port}`, `--tls-dir=${folder}`);
    const review = clusterReview({ spec: { version: '2.5.5', image: 'openbao/openbao:2.4.4' } });
    const answer = await post(port, cert, review);
    expect(answer.response).to.include({ uid: review.request.uid, allowed: false });
    expect(answer.response.status.reason).to.equal('ImageVersionMismatch');
  });

  it('runs the controller', async () => {
    const metrics = await serve('/metrics', 'controller', '--namespace=bao', '--executor-image=rollguard');
    expect(metrics).to.match(/^# TYPE rollguard_/m);
  });

  it('carries a step out as far as the members can be reached', async () => {
    const token = join(folder, 'token');
    const report = join(folder, 'report');
    writeFileSync(token, 'token');
    const { code } = await run(
      'executor',
      'preflight',
      '--cluster=prod',
      '--namespace=bao',
      '--member=prod-0=http://127.0.0.1:1',
      `--token-file=${token}`,
      '--timeout-seconds=2',
      `--report-file=${report}`,
    );
    expect(JSON.parse(readFileSync(report, 'utf8'))).to.include({
      outcome: 'failed',
      reason: 'PreflightFailed',
    });
    expect(code).to.equal(1);
  });

  it('says of what cluster it cannot show the status, and why', async () => {
    const { code, stderr } = await run('status', 'prod', `--kubeconfig=${kubeconfig}`);
    expect(stderr).to.match(/GET \/apis\/openbao\.org.* ECONNREFUSED/);
    expect(code).not.to.equal(0);
  });

  it('bears the licenses of the packages in it', () => {
    const licenses = readFileSync(join(bundle, licensesFile), 'utf8');
    for (const name of ['@kubernetes/client-node', 'express', 'pino', 'undici']) {
      expect(licenses).to.match(new RegExp(`^=== ${name} \\d.*\\n\\n\\S`, 'm'));
    }
    expect(licenses).to.contain('Copyright (c) Matteo Collina and Undici contributors');
  });
});

const unreachable = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'none', user: {} }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  'current-context': 'none',
};

interface Answer {
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status: { readonly reason: string };
  };
}

async function post(port: number, ca: string, review: object): Promise<Answer> {
  const request = https.request({
    host: '127.0.0.1',
    port,
    ca,
    servername: 'localhost',
    method: 'POST',
    path: '/validate/openbaoclusters',
    headers: { 'content-type': 'application/json' },
  });
  request.end(JSON.stringify(review));
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
  return JSON.parse(await text(response)) as Answer;
}
