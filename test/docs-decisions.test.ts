import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const folder = 'docs/decisions';
const pages = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .toSorted();

describe('the decisions', () => {
  it('are numbered without a gap', () => {
    expect(pages.map((name) => name.slice(0, 5))).to.deep.equal(
      pages.map((_, index) => `${String(index + 1).padStart(4, '0')}-`),
    );
    expect(pages).to.have.length.above(10);
  });

  it('stand in their index, in order, by their titles', () => {
    const index = readFileSync(`${folder}/README.md`, 'utf8');
    const rows = Array.from(index.matchAll(/^\| \[(\d{4})\]\(([^)]*)\) +\| (.*?) +\|$/gm), (row) =>
      row.slice(1),
    );
    const titles = pages.map((name) => {
      const [, number, title] = /^# (\d{4})\. (.*)$/m.exec(readFileSync(`${folder}/${name}`, 'utf8')) ?? [];
      return [number, name, title];
    });
    expect(rows).to.deep.equal(titles);
  });

  for (const name of pages) {
    it(`${name} has at most 60 lines, with the context, what was decided, why, and what follows`, () => {
      const text = readFileSync(`${folder}/${name}`, 'utf8');
      expect(text.trimEnd().split('\n')).to.have.length.at.most(60);
      expect(text.match(/^## .*$/gm)).to.include.members([
        '## Context',
        '## Decision',
        '## Why',
        '## Consequences',
      ]);
    });
  }
});
