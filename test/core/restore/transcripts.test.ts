import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { tell } from './story.ts';

// npm runs every script in the root of the package.
const folder = 'test/core/restore/testdata';

/** `UPDATE_TESTDATA=1` writes what happens now; the diff is then read. */
const update = process.env['UPDATE_TESTDATA'] === '1';

describe('stories of restores', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));

  it('are there', () => {
    expect(files.length).to.be.above(8);
  });

  for (const name of files) {
    it(`go as ${name} tells`, () => {
      const path = join(folder, name);
      const text = readFileSync(path, 'utf8');
      const told = tell(text);
      if (update) writeFileSync(path, told);
      else expect(told).to.equal(text);
    });
  }
});
