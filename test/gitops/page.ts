import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { format, resolveConfig } from 'prettier';
import { clusterStates, releaseStates, restoreStates, type ToldState } from './states.ts';

const path = 'docs/reference/gitops.md';
const headings = ['state', 'kstatus (Flux)', 'kubectl wait', 'Argo CD', 'conditions'] as const;

type Kind = 'OpenBaoCluster' | 'MetadataServices' | 'OpenBaoRestore';

/** The columns of a state that a test knows; the others stay as the page has them. */
export type Columns = Readonly<Partial<Record<(typeof headings)[number], string>>>;

let made: Readonly<Record<Kind, readonly ToldState[]>> | undefined;

/** The states of each kind, made once: they take seconds to be led to. */
export const statesOf = (): Readonly<Record<Kind, readonly ToldState[]>> =>
  (made ??= {
    OpenBaoCluster: clusterStates(),
    MetadataServices: releaseStates(),
    OpenBaoRestore: restoreStates(),
  });

const cellsOf = (line: string) =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1);

/**
 * Holds the table of each kind to these columns, or writes them with `UPDATE_TESTDATA=1`.
 *
 * @param columnsOf of the states of a kind, in their order
 */
export async function holdTables(
  columnsOf: (states: readonly ToldState[]) => Promise<readonly Columns[]>,
): Promise<void> {
  const present = readFileSync(path, 'utf8');
  let page = present;
  for (const [kind, all] of Object.entries(statesOf())) {
    const place = new RegExp(`(?<=<!-- ${kind}: .* -->\n)[^]*?(?=<!-- /${kind} -->)`);
    const rows = (place.exec(page)?.[0] ?? '').split('\n').map(cellsOf);
    const known = await columnsOf(all);
    const lines = all.map(({ state }, index) => {
      const row = rows.find(([first]) => first === state) ?? [];
      const cells = headings.map((heading, at) =>
        heading === 'state' ? state : (known[index]?.[heading] ?? row[at] ?? '?'),
      );
      return `| ${cells.join(' | ')} |`;
    });
    const table = [`| ${headings.join(' | ')} |`, `|${headings.map(() => ' - |').join('')}`, ...lines].join(
      '\n',
    );
    page = page.replace(place, () => `\n${table}\n\n`);
  }
  const wanted = await format(page, { ...(await resolveConfig(path)), filepath: path });
  if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(path, wanted);
  else expect(present).to.equal(wanted);
}
