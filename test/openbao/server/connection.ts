import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { refused, type Answer, type Request } from '../model/http.ts';
import { heartbeat, onMessages, send, type FromHub, type FromServer } from './protocol.ts';

/** A server's line to the hub. It is made again when it breaks. */
export interface Connection {
  /** The model's answer; `abandoned` says that nobody waits for it any more. */
  ask(request: Request, abandoned: AbortSignal): Promise<Answer>;
  stop(): void;
}

interface ConnectionOptions {
  /** Host and port. */
  readonly hub: string;
  readonly hello: Omit<Extract<FromServer, { type: 'hello' }>, 'type' | 'incarnation'>;
  readonly onWelcome: (disk: string) => void;
  readonly onLabels: (labels: Readonly<Record<string, string>>) => void;
  readonly onExit: (code: number, why: string) => void;
}

const reconnectMs = 300;

export function connectToHub({ hub, hello, onWelcome, onLabels, onExit }: ConnectionOptions): Connection {
  const incarnation = randomUUID();
  const pending = new Map<number, (answer: Answer) => void>();
  let socket: Socket | undefined;
  let disk = hello.disk;
  let numbers = 0;
  let stopping = false;

  function open(): void {
    const [host = '', port = ''] = hub.split(':');
    const opened = connect({ host, port: Number(port) });
    let heardAt = Date.now();
    const pings = setInterval(() => {
      send(opened, { type: 'ping' });
      if (Date.now() - heardAt > 3 * heartbeat.silence) opened.destroy();
    }, heartbeat.interval);
    opened.on('error', () => undefined);
    opened.on('connect', () => {
      socket = opened;
      send(opened, { type: 'hello', incarnation, ...hello, ...(disk === undefined ? {} : { disk }) });
      if (stopping) send(opened, { type: 'stop' });
    });
    onMessages<FromHub>(opened, (message) => {
      heardAt = Date.now();
      if (message.type === 'answer') settle(message.number, message.answer);
      else if (message.type === 'labels') onLabels(message.labels);
      else if (message.type === 'exit') onExit(message.code, message.why);
      else if (message.type === 'welcome') onWelcome((disk = message.disk));
    });
    opened.on('close', () => {
      clearInterval(pings);
      if (socket === opened) socket = undefined;
      for (const number of pending.keys()) settle(number, refused);
      setTimeout(open, reconnectMs);
    });
  }

  function settle(number: number, answer: Answer): void {
    pending.get(number)?.(answer);
    pending.delete(number);
  }

  open();
  return {
    ask: (request, abandoned) => {
      const line = socket;
      if (line === undefined) return Promise.resolve(refused);
      const number = (numbers += 1);
      return new Promise((resolve) => {
        pending.set(number, resolve);
        send(line, { type: 'request', number, request });
        abandoned.addEventListener('abort', () => {
          if (!pending.has(number)) return;
          send(line, { type: 'abandon', number });
          settle(number, refused);
        });
      });
    },
    stop: () => {
      stopping = true;
      if (socket === undefined) onExit(0, 'stopped without the hub');
      else send(socket, { type: 'stop' });
    },
  };
}
