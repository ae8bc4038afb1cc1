import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * OpenBao's clients may ask with the method LIST, which the HTTP parser of Node.js does not know. On this
 * stream such a request begins with LINK, of the same length, which it does.
 */
export class ListAsLink extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(withLink(chunk))) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    // What is left to say to a client that has gone.
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

/** A client waits for the answer before its next request, so a request begins a chunk. */
function withLink(chunk: Buffer): Buffer {
  if (chunk.toString('latin1', 0, 6) === 'LIST /') chunk.write('LINK', 0, 'latin1');
  return chunk;
}
