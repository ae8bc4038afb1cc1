import type { Socket } from 'node:net';
import type { Answer, Request } from '../model/http.ts';
import type { NodeSettings } from '../model/state.ts';

/** What a `bao server` tells the hub, which holds the model. One JSON object a line. */
export type FromServer =
  | {
      readonly type: 'hello';
      /** Nodes of one scope can be one cluster: a namespace. */
      readonly scope: string;
      readonly id: string;
      /** Tells this process from an earlier one of the same node. */
      readonly incarnation: string;
      /** What its data folder says; absent when that is empty. */
      readonly disk?: string;
      readonly settings: NodeSettings;
    }
  | { readonly type: 'request'; readonly number: number; readonly request: Request }
  | { readonly type: 'abandon'; readonly number: number }
  | { readonly type: 'stop' }
  | { readonly type: 'ping' };

/** What the hub answers. */
export type FromHub =
  | { readonly type: 'welcome'; readonly disk: string }
  | { readonly type: 'answer'; readonly number: number; readonly answer: Answer }
  | { readonly type: 'labels'; readonly labels: Readonly<Record<string, string>> }
  | { readonly type: 'exit'; readonly code: number; readonly why: string }
  | { readonly type: 'pong' };

/** How often each side says that it is there, in milliseconds, and how long a silence is a cut network. */
export const heartbeat = { interval: 500, silence: 2000 } as const;

interface Bytes {
  readonly base64: string;
}

export function send(socket: Socket, message: FromServer | FromHub): void {
  if (socket.writable) socket.write(`${JSON.stringify(message, encodeBytes)}\n`);
}

/** Calls `take` with each message; an unreadable one ends the connection. */
export function onMessages<Message>(socket: Socket, take: (message: Message) => void): void {
  let rest = '';
  socket.setEncoding('utf8').setNoDelay(true);
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parse<Message>(line);
      if (message === undefined) socket.destroy();
      else take(message);
    }
  });
}

function parse<Message>(line: string): Message | undefined {
  try {
    return JSON.parse(line, decodeBytes) as Message;
  } catch {
    return undefined;
  }
}

// A Buffer has become {type, data} by the time a replacer sees it.
function encodeBytes(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Readonly<Record<string, unknown>>)[key];
  return raw instanceof Uint8Array ? { base64: Buffer.from(raw).toString('base64') } : value;
}

function decodeBytes(_key: string, value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && Object.keys(value).join(' ') === 'base64';
  return isBytes ? Buffer.from((value as Bytes).base64, 'base64') : value;
}
