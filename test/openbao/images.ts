import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageConfig } from '../../packaging/image/archive.ts';
import { openBaoModelBundle } from '../cluster/bundle.ts';
import type { Progress } from '../cluster/components.ts';
import type { Ground } from '../cluster/test-cluster.ts';
import { copyInto } from '../../packaging/image/layers.ts';
import { imagesOnBase } from '../cluster/images.ts';
import { realBinary } from './flavours.ts';
import { hubImage, installHub } from './hub-in-cluster.ts';

/** Images named `openbao/openbao:<version>` for the ground, and what is in them. */
export interface OpenBaoImages {
  /** `real`: servers of OPENBAO_DIR. `model`: the project's own model, which proves less. */
  readonly kind: 'real' | 'model';
  /** One line for people: which it is, and how to have the other. */
  readonly source: string;
  readonly archives: readonly string[];
  /** Gives the ground the images and, for the model, starts the hub that its pods need. */
  prepare(ground: Ground): Promise<void>;
}

/** The user of OpenBao's official image. */
const config: ImageConfig = { User: '100:1000', Cmd: ['bao', 'version'] };
const serverPath = 'usr/local/bin/bao';

/** A tag cannot hold the `+` of a build. */
const tagOf = (version: string) => `openbao/openbao:${version.replaceAll('+', '_')}`;

/** The images of these versions: with real servers if all of them are there, else with the model. */
export async function openbaoImages(versions: readonly string[], progress: Progress): Promise<OpenBaoImages> {
  const real = versions.every((version) => realBinary(version) !== undefined);
  const kind = real ? 'real' : 'model';
  const source = real
    ? `real OpenBao ${versions.join(', ')} from ${process.env['OPENBAO_DIR'] ?? ''}`
    : "the project's model of OpenBao (set OPENBAO_DIR to a folder with <version>/bao for real servers)";
  progress(`OpenBao: ${source}`);
  const archives = [real ? await realImages(versions, progress) : await modelImages(versions, progress)];
  return {
    kind,
    source,
    archives,
    prepare: async (ground) => {
      for (const archive of archives) await ground.loadImage(archive);
      if (!real) await installHub(ground);
    },
  };
}

function realImages(versions: readonly string[], progress: Progress): Promise<string> {
  const images = versions.map((version) => {
    const binary = realBinary(version) ?? '';
    const { size, mtimeMs } = statSync(binary);
    return {
      tags: [tagOf(version)],
      config,
      key: `${version} ${size} ${mtimeMs}`,
      fill: (root: string) => copyInto(root, binary, serverPath),
    };
  });
  return imagesOnBase(`openbao-${versions.join('-')}`, images, progress);
}

const programInImage = '/opt/openbao-model';

async function modelImages(versions: readonly string[], progress: Progress): Promise<string> {
  const program = await openBaoModelBundle();
  const key = createHash('sha256').update(readFileSync(program)).digest('hex');
  const images = versions.map((version, position) => ({
    tags: position === 0 ? [tagOf(version), hubImage] : [tagOf(version)],
    config: {
      ...config,
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin', `ROLLGUARD_OPENBAO_MODEL_VERSION=${version}`],
    },
    key,
    fill: (root: string) => {
      copyInto(root, program, `${programInImage}/bao.js`);
      writeFileSync(join(root, programInImage, 'package.json'), '{"type":"module"}');
      writeScript(root, `exec node ${programInImage}/bao.js "$@"`);
    },
  }));
  return imagesOnBase(`openbao-model-${versions.join('-')}`, images, progress);
}

/**
 * The archive of an image whose `bao version` says what it should, and whose server ends with an error at once.
 *
 * @param tag such as `openbao/crashing:2.5.5`
 */
export function crashingImage(tag: string, version: string, progress: Progress = () => {}): Promise<string> {
  const script = `
if [ "$1" = version ]; then echo 'OpenBao v${version}'; exit 0; fi
echo 'this image is made to crash' >&2
exit 1`;
  const fill = (root: string) => writeScript(root, script);
  // So that it crashes as a Job of the executor, too, which names no command.
  const crashing: ImageConfig = { ...config, Entrypoint: [`/${serverPath}`] };
  const image = { tags: [tag], config: crashing, key: `entrypoint ${script}`, fill };
  return imagesOnBase(`openbao-crashing-${tag.replaceAll(/[^a-z0-9.]/g, '-')}`, [image], progress);
}

function writeScript(root: string, body: string): void {
  const file = join(root, serverPath);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}
