import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { format, resolveConfig } from 'prettier';
import { endsWait, kstatusOf } from '../support/kstatus.ts';
import { clusterStates, releaseStates, restoreStates, type ToldState } from './states.ts';

const page = 'docs/reference/gitops.md';
const kinds: Readonly<Record<string, () => readonly ToldState[]>> = {
  OpenBaoCluster: clusterStates,
  MetadataServices: releaseStates,
  OpenBaoRestore: restoreStates,
};

const row = ({ state, object }: ToldState): string => {
  const { conditions = [] } = object.status ?? {};
  const is = ['Ready', 'Stalled', 'Reconciling'].flatMap((type) => {
    const found = conditions.find((each) => each.type === type);
    // What says the same as the first is not told again.
    return found === undefined || (type !== 'Ready' && found.status === 'False')
      ? []
      : [`${type}=${found.status} ${found.reason}`];
  });
  return `| ${[state, kstatusOf(object).status, endsWait(object) ? 'ends' : 'waits', is.join(', ') || 'none'].join(' | ')} |`;
};

const columns = '| state | kstatus (Flux) | kubectl wait | conditions |\n| - | - | - | - |';

describe('the table of what each tool shows (UPDATE_TESTDATA=1 writes it)', () => {
  it('is what kstatus and kubectl wait make of what the controller writes', async () => {
    const text = readFileSync(page, 'utf8');
    const made = Object.entries(kinds).reduce((so, [kind, states]) => {
      const table = [columns, ...states().map(row)].join('\n');
      const place = new RegExp(`(?<=<!-- ${kind}: .* -->\n)[^]*?(?=<!-- /${kind} -->)`);
      expect(so).to.match(place);
      return so.replace(place, () => `\n${table}\n\n`);
    }, text);
    const wanted = await format(made, { ...(await resolveConfig(page)), filepath: page });
    if (process.env['UPDATE_TESTDATA'] === '1') writeFileSync(page, wanted);
    else expect(text).to.equal(wanted);
  });
});
