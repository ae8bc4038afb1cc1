import { expect } from 'chai';
import { array, assert, integer, property, stringMatching } from 'fast-check';
import { shortDuration, sizeText } from '../../src/cli/status/duration.ts';
import { screen } from '../../src/cli/status/screen.ts';
import { table } from '../../src/cli/status/table.ts';
import { painter } from '../../src/cli/terminal.ts';

/** What a terminal of that width shows, wrapped lines included, after it got this. Knows only what `screen` uses. */
function shownBy(output: string, columns: number, before: readonly string[]): readonly string[] {
  const rows = [...before];
  let row = before.length;
  for (const [part = '', back, clear, text] of escapes(output).matchAll(/⎋(\d+)A|(⎋0J)|([^⎋\n]*\n)/g)) {
    if (back !== undefined) row -= Number(back);
    else if (clear !== undefined) rows.length = row;
    else if (text === undefined) throw new Error(`the terminal does not know ${JSON.stringify(part)}`);
    else {
      const line = text.slice(0, -1);
      for (let start = 0; start === 0 || start < line.length; start += columns) {
        rows[row++] = line.slice(start, start + columns);
      }
    }
  }
  return rows;
}

/** With each start of an escape sequence as a character that can be read. */
const escapes = (text: string) => text.replaceAll('\u001B[', '⎋');

describe('the screen of rollguard status --watch', () => {
  it('shows the newest text alone, below what was there, whatever wraps', () => {
    const texts = array(
      array(stringMatching(/^[a-z ]{0,30}$/), { minLength: 1, maxLength: 6 }).map(
        (lines) => `${lines.join('\n')}\n`,
      ),
      { minLength: 1, maxLength: 5 },
    );
    assert(
      property(texts, integer({ min: 4, max: 40 }), (all, columns) => {
        const display = screen();
        const prompt = ['$ rollguard status prod --watch'];
        let rows: readonly string[] = prompt;
        for (const text of all) {
          // A terminal goes on from where the cursor is: below the last frame.
          rows = shownBy(display.redraw(text, { columns, rows: 100 }), columns, rows);
        }
        const alone = shownBy(screen().redraw(all.at(-1) ?? '', { columns, rows: 100 }), columns, prompt);
        expect(rows).to.deep.equal(alone);
      }),
    );
  });

  it('leaves out what does not fit, for what has scrolled away cannot be taken back', () => {
    const display = screen();
    expect(display.redraw('a\nb\nc\nd\n', { columns: 80, rows: 4 })).to.equal('a\nb\nc\n');
    expect(display.redraw('a\nb\n', { columns: 80, rows: 4 })).to.equal('\u001B[3A\u001B[0Ja\nb\n');
  });

  it('counts no colors', () => {
    const display = screen();
    display.redraw(`${painter(true)('red', 'abcd')}\n`, { columns: 4, rows: 24 });
    expect(escapes(display.redraw('x\n', { columns: 4, rows: 24 }))).to.match(/^⎋1A/);
  });
});

describe('what rollguard status prints', () => {
  it('has durations as kubectl has them', () => {
    const second = 1000;
    const cases: readonly (readonly [number, string])[] = [
      [-5, '0s'],
      [999, '0s'],
      [59 * second, '59s'],
      [60 * second, '1m'],
      [303 * second, '5m3s'],
      [3600 * second, '1h'],
      [3659 * second, '1h'],
      [(2 * 3600 + 600) * second, '2h10m'],
      [(3 * 86_400 + 4 * 3600) * second, '3d4h'],
    ];
    for (const [milliseconds, text] of cases) expect(shortDuration(milliseconds)).to.equal(text);
  });

  it('has sizes with their unit', () => {
    expect([0, 1023, 1024, 12_910_000, 3 * 1024 ** 4].map(sizeText)).to.deep.equal([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '12.3 MiB',
      '3.0 TiB',
    ]);
  });

  it('is aligned, colored or not', () => {
    const rows = [
      ['POD', 'ROLE'],
      [painter(true)('bold', 'prod-0'), 'leader'],
    ];
    expect(table(rows)[0]).to.equal('POD      ROLE');
    expect(escapes(table(rows)[1] ?? '')).to.match(/prod-0⎋22m {3}leader$/);
  });
});
