import { createHistogram, performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from './processes.ts';

/**
 * The load generator, a process of its own: reads a Load as JSON, writes a Result as JSON.
 * Each connection sends a request, waits for the answer, and sends the next. Prepared bytes
 * over plain TLS sockets cost a fraction of what the server pays for them, so that the
 * server is what is measured.
 */
export interface Load {
  readonly port: number;
  /** The server, whose core time is counted. */
  readonly pid: number;
  /** PEM. */
  readonly ca: string;
  readonly path: string;
  readonly body: string;
  /** What every answer must contain. */
  readonly expected: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Result {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Microseconds on a core that the server used for each request; handshakes and the warm-up are not counted. */
  readonly cpuMicroseconds: number;
  /** Share of one core that the server used. */
  readonly serverBusy: number;
  /** Share of one core that this process itself used. */
  readonly clientBusy: number;
}

async function generate({ port, pid, ca, path, body, expected, ...load }: Load): Promise<Result> {
  const request = Buffer.from(
    `POST ${path}?timeout=10s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nAccept: application/json, */*\r\n` +
      `Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n${body}`,
  );
  const microseconds = createHistogram();
  let isMeasuring = false;
  let isOver = false;

  const client = async () => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca });
    await new Promise<void>((resolve, reject) => {
      let sentAt = 0;
      let received = '';
      const ask = () => {
        received = '';
        sentAt = performance.now();
        socket.write(request);
      };
      socket.once('secureConnect', ask);
      socket.once('error', reject);
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (!isWhole(received)) return;
        if (!received.startsWith('HTTP/1.1 200') || !received.includes(expected)) {
          reject(new Error(`an unexpected answer: ${received}`));
        }
        if (isMeasuring) microseconds.record(Math.max(1, Math.round((performance.now() - sentAt) * 1000)));
        if (isOver) resolve();
        else ask();
      });
    });
    socket.destroy();
  };

  const clients = Promise.all(Array.from({ length: load.connections }, client));
  const measured = (async () => {
    await sleep(load.warmUpMs);
    const begin = performance.now();
    const cpu = process.cpuUsage();
    const secondsBefore = cpuSeconds({ pid });
    isMeasuring = true;
    await sleep(load.measureMs);
    isMeasuring = false;
    isOver = true;
    const seconds = cpuSeconds({ pid }) - secondsBefore;
    const { user, system } = process.cpuUsage(cpu);
    const ms = performance.now() - begin;
    return {
      requestsPerSecond: (microseconds.count / ms) * 1000,
      p50Ms: microseconds.percentile(50) / 1000,
      p99Ms: microseconds.percentile(99) / 1000,
      cpuMicroseconds: (seconds * 1_000_000) / microseconds.count,
      serverBusy: (seconds * 1000) / ms,
      clientBusy: (user + system) / 1000 / ms,
    };
  })();
  // Whatever goes wrong at a client ends the measurement at once.
  const [result] = await Promise.all([measured, clients]);
  return result;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether an answer has come as far as its Content-Length says. */
function isWhole(received: string): boolean {
  const head = received.indexOf('\r\n\r\n');
  if (head === -1) return false;
  const length = /content-length: (\d+)/i.exec(received)?.[1];
  return received.length >= head + 4 + Number(length);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const load = JSON.parse(await text(process.stdin)) as Load;
  process.stdout.write(JSON.stringify(await generate(load)));
}
