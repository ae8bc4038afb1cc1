import { expect } from 'chai';
import { notePublication, publishedSince, type PublicationRecord } from '../../certs/ca-bundle.ts';

const right = { written: [], failures: [] };
const repaired = { written: ['configuration'], failures: [] };
const failed = { written: [], failures: [new Error('no')] };

describe('counting for how long a CA bundle is published', () => {
  const cases = [
    { name: 'begins when every configuration first carries it', tries: [repaired], since: 0 },
    { name: 'goes on while they do', tries: [right, right, right], since: 0 },
    { name: 'goes on when one was repaired', tries: [right, repaired, right], since: 0 },
    { name: 'does not begin with a failure', tries: [failed], since: undefined },
    { name: 'is in doubt after a failure', tries: [right, failed], since: undefined },
    { name: 'goes on when after failures it still is there', tries: [right, failed, right], since: 0 },
    {
      name: 'begins anew when after failures it had to be written',
      tries: [right, failed, repaired],
      since: 2,
    },
  ];
  for (const { name, tries, since } of cases) {
    it(name, () => {
      let record: PublicationRecord | undefined;
      for (const [now, one] of tries.entries()) record = notePublication(record, 'bundle', one, now);
      expect(publishedSince(record)).to.equal(since);
    });
  }

  it('begins anew with another bundle', () => {
    const record = notePublication(notePublication(undefined, 'old', right, 1), 'new', repaired, 7);
    expect(publishedSince(record)).to.equal(7);
    expect(publishedSince(notePublication(record, 'newer', failed, 8))).to.equal(undefined);
  });
});
