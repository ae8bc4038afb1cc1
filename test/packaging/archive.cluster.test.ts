import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cachedLayer, inTemporaryFolder, packTar, writeArchive } from '../../packaging/image/archive.ts';
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
});
