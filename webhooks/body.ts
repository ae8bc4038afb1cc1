import type { IncomingMessage } from 'node:http';
import { BadReview } from './admission-review.ts';

/**
 * Old and new object of at most 3 MiB each, plus the envelope: controller-runtime bounds
 * them at 7 MiB (pkg/webhook/admission/http.go), we leave one more.
 */
const maxBodyBytes = 8 * 1024 * 1024;

/**
 * Reads a request's body.
 *
 * @throws BadReview 413 as soon as it is known to be too large, 400 when it ends before its length
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBodyBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBodyBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('aborted', () => reject(new BadReview('the body ended before its length')));
  });
}

const tooLarge = () => new BadReview(`the body is larger than ${maxBodyBytes} bytes`, 413);
