import { text } from 'node:stream/consumers';
import tls from 'node:tls';

/** What comes down on the server beside the ordinary load; a process of its own: reads a Flood, writes a Flooded. */
export interface Flood {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly path: string;
  /** A review that must never be allowed, which is made as large as is asked for. */
  readonly body: string;
  /** Connections that each send one body of 8 MiB after the other. */
  readonly large: number;
  /** Dry runs of 2.9 MiB a second. */
  readonly dryRuns: number;
  /** Connections that each send some bytes a second. */
  readonly slow: number;
  readonly ms: number;
}

/** Answers by their HTTP status and verdict, such as `200 refused`; `cut` where the connection ended without one. */
export type Flooded = Readonly<Record<'large' | 'dryRuns' | 'slow', Readonly<Record<string, number>>>>;

const MiB = 1024 * 1024;
const flood = JSON.parse(await text(process.stdin)) as Flood;
const endsAt = performance.now() + flood.ms;
const isOver = () => performance.now() >= endsAt;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const counts: Record<keyof Flooded, Record<string, number>> = { large: {}, dryRuns: {}, slow: {} };
const count = (kind: keyof Flooded, what: string) => (counts[kind][what] = (counts[kind][what] ?? 0) + 1);

const entry = (length: number) =>
  `"spec":{"selfInit":{"requests":[{"name":"a","operation":"create","path":"sys/x","data":{"x":"${'x'.repeat(length)}"}}]},`;

function request(bytes: number): Buffer {
  const padded = (length: number) => flood.body.replace('"spec":{', () => entry(length));
  const body = padded(bytes - padded(0).length);
  const head = `POST ${flood.path}?timeout=5s HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\nContent-Type: application/json\r\n\r\n`;
  return Buffer.from(head + body);
}

const [largest, dryRun] = [request(8 * MiB), request(Math.round(2.9 * MiB))];

/** Sends by `write`, and says how it was answered. */
function ask(write: (socket: tls.TLSSocket) => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      host: '127.0.0.1',
      port: flood.port,
      servername: 'localhost',
      ca: flood.ca,
    });
    let received = '';
    const end = (how: string) => {
      socket.destroy();
      resolve(how);
    };
    socket.once('secureConnect', () => write(socket));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const status = /^HTTP\/1\.1 (\d+)/.exec(received)?.[1];
      if (received.includes('"allowed":true')) end(`${status} allowed`);
      else if (/"reason":"ImageVersionMismatch"/.test(received)) end(`${status} judged`);
      else if (received.includes('}')) end(`${status} refused`);
    });
    socket.once('error', () => end('cut'));
    socket.once('close', () => end('cut'));
    setTimeout(() => end('no answer'), Math.max(0, endsAt - performance.now()) + 8_000).unref();
  });
}

/** In pieces, as the other side takes them. */
function send(socket: tls.TLSSocket, bytes: Buffer): void {
  let sent = 0;
  const goOn = () => {
    while (sent < bytes.length && !socket.destroyed) {
      if (!socket.write(bytes.subarray(sent, (sent += 64 * 1024)))) {
        socket.once('drain', goOn);
        return;
      }
    }
  };
  goOn();
}

async function sendLarge(): Promise<void> {
  while (!isOver()) count('large', await ask((socket) => send(socket, largest)));
}

async function sendSlowly(): Promise<void> {
  while (!isOver()) {
    const how = await ask((socket) => {
      let sent = 0;
      const timer = setInterval(() => {
        if (socket.destroyed) clearInterval(timer);
        else socket.write(largest.subarray(sent, (sent += 400)));
      }, 200);
    });
    count('slow', how);
  }
}

async function dryRuns(): Promise<void> {
  const asked: Promise<void>[] = [];
  const start = performance.now();
  for (let number = 0; !isOver(); number++) {
    asked.push(ask((socket) => send(socket, dryRun)).then((how) => void count('dryRuns', how)));
    await sleep(Math.max(0, start + ((number + 1) * 1_000) / flood.dryRuns - performance.now()));
  }
  await Promise.all(asked);
}

await Promise.all([
  ...Array.from({ length: flood.large }, sendLarge),
  ...Array.from({ length: flood.slow }, sendSlowly),
  ...(flood.dryRuns > 0 ? [dryRuns()] : []),
]);
process.stdout.write(JSON.stringify(counts));
