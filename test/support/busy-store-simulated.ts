import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server whose answers a test makes up, for what a real store cannot be brought to do. */
export interface BusyStore {
  readonly endpoint: string;
  /** The requests so far, such as `PUT /b/k?partNumber=1&uploadId=u`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** @param answer what to answer to the request of that number, from 0; its body has been read */
export async function startBusyStore(
  answer: (request: IncomingMessage, response: ServerResponse, number: number) => void,
): Promise<BusyStore> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      requests.push(`${request.method} ${request.url}`);
      answer(request, response, requests.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
