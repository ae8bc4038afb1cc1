import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from '../cluster/test-cluster.ts';
import { imagesOnBase } from '../cluster/images.ts';

/** What the servers in the images do. */
export type ImageBehavior = 'good' | 'crashes' | 'never-ready' | 'breaks';

/** A server that answers with its tag; how it fails stands in its environment. */
const server = `
const { BEHAVIOUR, TAG, SERVICE, E6_BUCKET = '' } = process.env;
if (BEHAVIOUR === 'crashes' || E6_BUCKET.startsWith('invalid')) {
  console.error('this image is made to crash');
  process.exit(1);
}
const { createServer } = require('node:http');
const answer = (request, response) => response.end(JSON.stringify({ tag: TAG, service: SERVICE, bucket: E6_BUCKET }));
if (BEHAVIOUR !== 'never-ready') createServer(answer).listen(SERVICE === 'schema' ? 9006 : 9005);
else setInterval(() => {}, 1000);
if (BEHAVIOUR === 'breaks') setTimeout(() => process.exit(1), Number(process.env.BREAKS_AFTER ?? 12000));
process.on('SIGTERM', () => process.exit(0));
`;

const program = 'opt/e6data/server.js';

/**
 * Gives the ground images `storage` and `schema` of these tags, of a few lines of Node.js.
 *
 * @param repository what they are below
 */
export async function loadServiceImages(
  ground: Ground,
  tags: Readonly<Record<string, ImageBehavior>>,
  repository = 'e6data',
): Promise<void> {
  const images = Object.entries(tags).flatMap(([tag, behavior]) =>
    ['storage', 'schema'].map((service) => ({
      tags: [`${repository}/${service}:${tag}`],
      config: {
        Env: [
          'PATH=/usr/local/bin:/usr/bin:/bin',
          `BEHAVIOUR=${behavior}`,
          `TAG=${tag}`,
          `SERVICE=${service}`,
        ],
        Cmd: ['node', `/${program}`],
      },
      key: server,
      fill: (root: string) => {
        mkdirSync(join(root, 'opt/e6data'), { recursive: true });
        writeFileSync(join(root, program), server);
      },
    })),
  );
  // Each repository has an archive of its own: tests write them at the same time.
  await ground.loadImage(await imagesOnBase(repository.replaceAll(/\W+/g, '-'), images, () => {}));
}
