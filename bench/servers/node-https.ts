/** The floor: TLS, HTTP, JSON in, JSON out, and nothing else. */
import { allowed, listen } from './listen.ts';

listen((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const text = JSON.stringify(allowed(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
  });
});
