import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { skip } from '../support/skip.ts';
import { abandonGround, removeAbandoned } from './abandoned-cluster.ts';
import { runCommand } from '../../packaging/command.ts';
import { availability, type Ground } from './test-cluster.ts';
import { baseImage, baseTag, rollguardImage, rollguardTag } from './images.ts';
import { waitUntilEnded } from '../support/processes.ts';
import { groundTimeoutMs, sharedCluster } from './shared.ts';
import { provideNamespace, removeNamespace } from '../support/namespace.ts';

const namespace = 'ground-test';

describe('a ground of the size node', function () {
  let ground: Ground;

  before(async function () {
    this.timeout(groundTimeoutMs);
    const found = await availability('node');
    if (!found.available) skip(this, `${found.why}; ${found.remedy}`);
    ground = await sharedCluster('node');
    if (!ground.isOwn) skip(this, `this is ${ground.source}`);
    await provideNamespace(ground, namespace);
    await ground.loadImage(await baseImage([], () => {}));
    await apply(
      pod('web', { app: 'web' }, ['node', '-e', 'console.log("serving");' + serving]),
      pod('client', {}, ['sleep', 'infinity']),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
    );
    await kubectl('wait', '--for=condition=Ready', 'pod/web', 'pod/client', '--timeout=90s');
  });

  after(async function () {
    if (ground?.isOwn) await removeNamespace(ground, namespace);
  });

  /** What kubectl says in the suite's namespace, without the last newline. @throws Error when it fails */
  async function kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await ground.kubectl([`--namespace=${namespace}`, ...args], {
      timeoutMs: 100_000,
    });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  async function apply(...objects: object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const applied = await ground.kubectl([`--namespace=${namespace}`, 'apply', '--filename=-'], { input });
    if (applied.code !== 0) throw new Error(applied.stderr);
  }

  const fromClient = (...command: string[]) => kubectl('exec', 'client', '--', ...command);

  it('has a node that is ready', async () => {
    const path = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}';
    expect(await kubectl('get', 'nodes', `--output=${path}`)).to.equal('True');
  });

  it('shows the log of a pod', async () => {
    expect(await kubectl('logs', 'web')).to.equal('serving');
  });

  it('runs a command in a pod', async () => {
    expect(await fromClient('sh', '-c', 'echo $((6 * 7))')).to.equal('42');
  });

  it('lets pods reach a Service by its name', async () => {
    // A Service lags behind its Ready pods: kube-proxy and the DNS server hear of them later.
    const patiently = ['--retry', '60', '--retry-delay', '1', '--retry-all-errors', '--retry-max-time', '60'];
    const answer = await fromClient('curl', '-sS', ...patiently, `http://web.${namespace}.svc.cluster.local`);
    expect(answer).to.equal('hello');
  });

  it('lets this process reach a pod', async () => {
    const address = await kubectl('get', 'pod', 'web', '--output=jsonpath={.status.podIP}');
    const answer = await fetch(`http://${address}:8080`);
    expect(await answer.text()).to.equal('hello');
  });

  it('lets what runs inside reach this process', async () => {
    const server = createServer((socket) => socket.end('from outside'));
    await new Promise<void>((resolve) => server.listen(0, ground.hostAddress, resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const read = `require("net").connect(${port}, "${ground.hostAddress}").pipe(process.stdout)`;
      expect(await fromClient('node', '-e', read)).to.equal('from outside');
    } finally {
      server.close();
    }
  });

  it('keeps its pods when its API server restarts', async () => {
    await ground.restartApiServer();
    expect(await kubectl('get', 'pod', 'web', '--output=jsonpath={.status.phase}')).to.equal('Running');
  });

  it('runs the image of Rollguard as a user without rights, on a root that cannot be written', async () => {
    await ground.loadImage(await rollguardImage(() => {}));
    const tell = 'console.log(process.getuid(), process.version, fs.existsSync("/app/main.js"))';
    const wanted = pod('rollguard', {}, ['/usr/local/bin/node', '-e', tell], rollguardTag);
    await apply({ ...wanted, spec: { ...wanted.spec, restartPolicy: 'Never' } });
    await kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/rollguard', '--timeout=60s');
    expect(await kubectl('logs', 'rollguard')).to.equal(`65532 ${process.version} true`);
  });

  it('goes with an owner that is killed: processes, mounts, cgroups, network devices', async () => {
    const { directory, record, processes } = await abandonGround('node');
    expect(processes).to.have.length.above(7);
    expect(await waitUntilEnded(processes, 20_000)).to.deep.equal([]);
    await removeAbandoned(directory);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.to.contain(directory);
    const cgroups = ['', 'memory', 'unified'].map((part) =>
      join('/sys/fs/cgroup', part, record.cgroup ?? ''),
    );
    expect(cgroups.filter((path) => existsSync(path))).to.deep.equal([]);
    expect(record.uplink).to.match(/^if\d+$/);
    expect(await isDeviceGone(record.uplink ?? '')).to.equal(true);
  });
});

const serving = 'require("http").createServer((_, answer) => answer.end("hello")).listen(8080)';

function pod(name: string, labels: Record<string, string>, command: readonly string[], image = baseTag) {
  const securityContext = { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image, imagePullPolicy: 'Never', command, securityContext }],
    },
  };
}

/**
 * A namespace that has lost its last process takes its devices along a moment later.
 *
 * @param device by its index: `if7`
 */
async function isDeviceGone(device: string): Promise<boolean> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const { stdout } = await runCommand('ip', ['-o', 'link']);
    if (!stdout.split('\n').some((line) => line.startsWith(`${device.slice('if'.length)}: `))) return true;
    await delay(100);
  }
  return false;
}
