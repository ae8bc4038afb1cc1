import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createPlainServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server } from 'node:tls';
import { json as jsonAnswer, type Answer, type Request, type Response } from '../model/http.ts';
import type { Listener } from './configuration.ts';
import { ListAsLink } from './list-method.ts';

/** A listener of OpenBao's API. */
export interface ApiListener {
  /** Reads certificate and key again. */
  reload(): void;
}

type Ask = (request: Request, abandoned: AbortSignal) => Promise<Answer>;

const largestBody = 32 * 1024 * 1024;

/** @throws Error when the address is taken or a file of the certificate cannot be read */
export async function listen(listener: Listener, ask: Ask): Promise<ApiListener> {
  const tls = tlsFiles(listener);
  const http = createServer((incoming, outgoing) => void answer(incoming, outgoing, ask));
  const accept = (socket: Socket) => void http.emit('connection', new ListAsLink(socket));
  const server = tls === undefined ? createPlainServer(accept) : createTlsServer(tls(), accept);
  const { host, port } = hostAndPort(listener.address ?? '127.0.0.1:8200');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
  return {
    reload: () => {
      if (tls !== undefined) (server as Server).setSecureContext(tls());
    },
  };
}

function tlsFiles({
  tls_disable,
  tls_cert_file,
  tls_key_file,
}: Listener): (() => { cert: Buffer; key: Buffer }) | undefined {
  if (tls_disable === true || tls_disable === 'true' || tls_disable === '1') return undefined;
  if (tls_cert_file === undefined || tls_key_file === undefined) {
    throw new Error("'tls_cert_file' and 'tls_key_file' must be set, or 'tls_disable'");
  }
  return () => ({ cert: readFileSync(tls_cert_file), key: readFileSync(tls_key_file) });
}

function hostAndPort(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(at + 1)) };
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, ask: Ask): Promise<void> {
  const abandoned = new AbortController();
  outgoing.on('close', () => abandoned.abort());
  const request = await readRequest(incoming).catch(() => undefined);
  if (request === undefined)
    return reply(outgoing, jsonAnswer(400, { errors: ['failed to parse JSON input'] }));
  return reply(outgoing, await ask(request, abandoned.signal));
}

async function readRequest(incoming: IncomingMessage): Promise<Request> {
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const isSnapshot = /^\/v1\/sys\/storage\/raft\/snapshot(-force)?$/.test(url.pathname);
  return {
    method: (incoming.method === 'LINK' ? 'LIST' : incoming.method) as Request['method'],
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    token: tokenOf(incoming),
    ...(bytes.length === 0 ? {} : { body: isSnapshot ? bytes : (JSON.parse(bytes.toString()) as unknown) }),
  };
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const named = headers['x-vault-token'];
  return typeof named === 'string' ? named : headers.authorization?.replace(/^Bearer /, '');
}

function reply(outgoing: ServerResponse, answered: Answer): void {
  if (answered.status === 0) {
    outgoing.socket?.destroy();
    return;
  }
  const { status, headers, body } = answered as Response;
  const isBytes = body instanceof Uint8Array;
  outgoing.writeHead(status, {
    'Cache-Control': 'no-store',
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
    'X-Openbao-Model': 'rollguard',
    ...(body !== undefined && !isBytes ? { 'Content-Type': 'application/json' } : {}),
    ...headers,
  });
  if (body === undefined) outgoing.end();
  else outgoing.end(isBytes ? body : `${JSON.stringify(body)}\n`);
}
