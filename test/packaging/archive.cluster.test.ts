import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  cachedLayer,
  digestOf,
  inTemporaryFolder,
  packTar,
  writeArchive,
} from '../../packaging/image/archive.ts';
import { mustRun } from '../../packaging/command.ts';

describe('archives of images', () => {
  it('can be written by several at once, as the tests do that share a cache', async () => {
    await inTemporaryFolder(async (folder) => {
      mkdirSync(join(folder, 'root'));
      writeFileSync(join(folder, 'root/file'), Buffer.alloc(1 << 20));
      const layer = await cachedLayer(join(folder, 'layers/one.tar'), (unfinished) =>
        packTar(unfinished, join(folder, 'root'), ['.']),
      );
      mkdirSync(join(folder, 'images'));
      const file = join(folder, 'images/it.tar');
      const write = () => writeArchive(file, { tags: ['it:dev'], layers: [layer], config: {} });
      await Promise.all(Array.from({ length: 8 }, write));
      expect(readdirSync(join(folder, 'images'))).to.deep.equal(['it.tar']);
      expect(await mustRun('tar', ['--list', `--file=${file}`])).to.contain('manifest.json');
    });
  });

  it('are the same whatever the umask was with which their files came here', () =>
    inTemporaryFolder(async (folder) => {
      const digestWith = async (umask: number) => {
        const root = join(folder, String(umask));
        mkdirSync(join(root, 'bin'), { recursive: true });
        writeFileSync(join(root, 'bin/program'), '');
        writeFileSync(join(root, 'text'), '');
        for (const path of ['.', 'bin', 'bin/program']) chmodSync(join(root, path), 0o777 & ~umask);
        chmodSync(join(root, 'text'), 0o666 & ~umask);
        await packTar(`${root}.tar`, root, ['.']);
        return digestOf(`${root}.tar`);
      };
      const usual = await digestWith(0o022);
      expect(await Promise.all([0o002, 0o027, 0o077].map(digestWith))).to.deep.equal([usual, usual, usual]);
    }));
});
