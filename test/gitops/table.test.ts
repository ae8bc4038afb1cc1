import { endsWait, kstatusOf } from '../support/kstatus.ts';
import { holdTables } from './page.ts';
import type { ToldState } from './states.ts';

function conditionsOf({ object }: ToldState): string {
  const { conditions = [] } = object.status ?? {};
  const is = ['Ready', 'Stalled', 'Reconciling'].flatMap((type) => {
    const found = conditions.find((each) => each.type === type);
    // What says the same as the first is not told again.
    return found === undefined || (type !== 'Ready' && found.status === 'False')
      ? []
      : [`${type}=${found.status} ${found.reason}`];
  });
  return is.join(', ') || 'none';
}

describe('the table of what each tool shows (UPDATE_TESTDATA=1 writes it)', () => {
  it('is what kstatus and kubectl wait make of what the controller writes', () =>
    holdTables(async (states) =>
      states.map((each) => ({
        'kstatus (Flux)': kstatusOf(each.object).status,
        'kubectl wait': endsWait(each.object) ? 'ends' : 'waits',
        conditions: conditionsOf(each),
      })),
    ));
});
