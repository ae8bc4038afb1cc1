/** `npm run release`: writes all that is installed from outside a checkout into build/release. See docs/development/release.md. */
import { parseArgs } from 'node:util';
import { parseImageReference } from '../../src/core/version/image-reference.ts';
import { mustRun } from '../command.ts';
import type { Architecture } from '../image/archive.ts';
import { writeRelease } from './release.ts';

const architectures: readonly Architecture[] = ['amd64', 'arm64'];

try {
  const { values } = parseArgs({
    options: {
      image: { type: 'string', default: 'rollguard' },
      platform: { type: 'string', multiple: true, default: ['linux/amd64', 'linux/arm64'] },
    },
  });
  const wanted = values.platform.map((platform) => {
    const found = architectures.find((each) => platform === `linux/${each}`);
    if (found === undefined) throw new Error(`--platform ${platform}: only linux/amd64 and linux/arm64`);
    return found;
  });
  const image = parseImageReference(values.image);
  if (image.kind === 'unknown') throw new Error(`--image ${values.image} ${image.cause}`);
  if (image.value.tag !== undefined || image.value.digest !== undefined)
    throw new Error(`--image ${values.image}: without a tag, which is the version, and without a digest`);
  const changed = await mustRun('git', ['status', '--porcelain']);
  if (changed !== '') throw new Error(`a release is made from a commit, and these are in none:\n${changed}`);
  const [hash = '', time = ''] = (await mustRun('git', ['log', '-1', '--format=%H %cI'])).trim().split(' ');
  await writeRelease({
    folder: 'build/release',
    image: values.image,
    architectures: wanted,
    commit: { hash, time: new Date(time).toISOString() },
    kubectl: 'kubectl',
    tell: (line) => console.log(line),
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
