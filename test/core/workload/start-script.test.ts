import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { paths } from '../../../src/core/workload/paths.ts';
import { startScript } from '../../../src/core/workload/start-script.ts';
import { skip } from '../../support/skip.ts';

const shells: readonly (readonly [string, readonly string[]])[] = [
  ['/bin/dash', []],
  ['/bin/busybox', ['sh']],
];

/** Stands in for OpenBao: says what happens to it, and takes a while to end. */
const simulatedServer = `#!/bin/sh
trap 'echo hup >>"$TRACE"' HUP
trap 'echo term >>"$TRACE"; sleep 0.3; echo ended >>"$TRACE"; exit 7' TERM
echo "args $*" >>"$TRACE"
[ -z "\${FAILS:-}" ] || exit 3
while :; do sleep 0.05; done
`;

for (const [shell, args] of shells) {
  describe(`the start script in ${[shell, ...args].join(' ')}`, function () {
    let folder: string;
    let running: ChildProcess | undefined;

    before(function () {
      if (!existsSync(shell)) skip(this, `there is no ${shell}: apt-get install ${shell.slice(5)}`, 'shells');
    });

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'rollguard-start-'));
      for (const each of ['config', 'tls', 'tmp', 'bin']) mkdirSync(join(folder, each));
      writeFileSync(join(folder, 'tls/tls.crt'), 'first');
      writeFileSync(join(folder, 'config/bao-initial.json'), '{"seal":[]}');
      writeFileSync(join(folder, 'bin/bao'), simulatedServer, { mode: 0o755 });
      const script = startScript
        .replace(paths.configuration, join(folder, 'config'))
        .replace(paths.tls, join(folder, 'tls'))
        .replace(`scratch=${paths.temporary}`, `scratch=${join(folder, 'tmp')}`)
        .replace('sleep 10', 'sleep 0.1');
      writeFileSync(join(folder, 'start.sh'), script);
    });

    afterEach(async () => {
      if (running !== undefined && running.exitCode === null) {
        running.kill('SIGTERM');
        await once(running, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    });

    const trace = () => {
      const path = join(folder, 'trace');
      return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    };
    const until = async (line: string) => {
      const end = Date.now() + 20_000;
      while (!trace().some((each) => each.startsWith(line))) {
        if (Date.now() > end) throw new Error(`never traced ${line}: ${trace().join(', ')}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    function start(pod: string, env: Record<string, string> = {}): Promise<number | null> {
      const child = spawn(shell, [...args, join(folder, 'start.sh')], {
        env: {
          PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
          TRACE: join(folder, 'trace'),
          BAO_K8S_POD_NAME: pod,
          ROLLGUARD_REVISION: 'initial',
          ...env,
        },
        stdio: 'ignore',
      });
      running = child;
      return once(child, 'exit').then(([code]) => code as number | null);
    }
    const configuration = () => `args server -config=${join(folder, 'config/bao-initial.json')}`;

    it('starts the server, hands a TERM on, waits for its end and says how it ended', async () => {
      const ended = start('prod-1');
      await until('args');
      expect(trace()).to.deep.equal([configuration()]);
      running?.kill('SIGTERM');
      expect(await ended).to.equal(7);
      expect(trace().slice(1)).to.deep.equal(['term', 'ended']);
    });

    it('starts with the configuration of its own half alone, and waits for it', async () => {
      const ended = start('prod-rnew-0', { ROLLGUARD_REVISION: 'rnew' });
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(trace()).to.deep.equal([]);
      writeFileSync(join(folder, 'config/bao-rnew.json'), '{"seal":[]}');
      await until('args');
      expect(trace()).to.deep.equal([`args server -config=${join(folder, 'config/bao-rnew.json')}`]);
      running?.kill('SIGTERM');
      await ended;
    });

    it('waits for the end although TERM comes again and again', async () => {
      const ended = start('prod-1');
      await until('args');
      for (let round = 0; round < 5; round++) {
        running?.kill('SIGTERM');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await ended;
      expect(trace()).to.include('ended');
    });

    it('hands on a TERM that comes before the id of the started server is known', async () => {
      const path = join(folder, 'start.sh');
      writeFileSync(path, readFileSync(path, 'utf8').replace('server=$!', 'sleep 0.3; server=$!'));
      const ended = start('prod-1');
      await until('args');
      running?.kill('SIGTERM');
      expect(await ended).to.equal(7);
      expect(trace().slice(1)).to.deep.equal(['term', 'ended']);
    });

    it('ends as the server ends by itself', async () => {
      expect(await start('prod-1', { FAILS: 'yes' })).to.equal(3);
    });

    it('starts with the seal of its own pod, and never without any', async () => {
      writeFileSync(join(folder, 'config/bao-initial.json'), '{}');
      expect(await start('prod-1', { FAILS: 'yes' })).to.equal(1);
      expect(trace()).to.deep.equal([]);
      const seal = '{"seal":[{"transit":{"key_name":"%s $(date)"}}]}';
      expect(await start('prod-1', { FAILS: 'yes', ROLLGUARD_SEAL: seal })).to.equal(3);
      const own = join(folder, 'tmp/seal.json');
      expect(trace()).to.deep.equal([`${configuration()} -config=${own}`]);
      expect(readFileSync(own, 'utf8')).to.equal(seal);
    });

    it('has pod 0 make the cluster, and no other, as long as the file is there', async () => {
      writeFileSync(join(folder, 'config/self-init.json'), '{"initialize":[]}');
      const copy = join(folder, 'tmp/self-init.json');
      for (const [pod, expected] of [
        ['prod-0', `${configuration()} -config=${copy}`],
        ['prod-1', configuration()],
        ['prod-10', configuration()],
      ] as const) {
        await start(pod, { FAILS: 'yes' });
        expect(trace().at(-1), pod).to.equal(expected);
      }
      expect(readFileSync(copy, 'utf8')).to.equal('{"initialize":[]}');
      rmSync(join(folder, 'config/self-init.json'));
      await start('prod-0', { FAILS: 'yes' });
      expect(trace().at(-1)).to.equal(configuration());
    });

    it('sends HUP when the certificate has changed, once for each change', async () => {
      void start('prod-1');
      await until('args');
      // Longer than some rounds, in which nothing changes.
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(trace()).to.have.length(1);
      writeFileSync(join(folder, 'tls/tls.crt'), 'second');
      await until('hup');
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(trace().slice(1)).to.deep.equal(['hup']);
    });

    it('runs without a certificate', async () => {
      rmSync(join(folder, 'tls'), { recursive: true });
      const ended = start('prod-1');
      await until('args');
      await new Promise((resolve) => setTimeout(resolve, 300));
      running?.kill('SIGTERM');
      expect(await ended).to.equal(7);
    });
  });
}
