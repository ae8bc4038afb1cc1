import { width } from './table.ts';

/** What a terminal shows of a text that is written again and again. */
interface Screen {
  /** The characters that put `text` where the last one was. */
  redraw(text: string, size: { readonly columns: number; readonly rows: number }): string;
}

/** Redraws in place, by going up over what it wrote: nothing else on the terminal is touched. */
export function screen(): Screen {
  let above = 0;
  return {
    redraw(text, { columns, rows }) {
      const fitting = fit(text.replace(/\n$/, '').split('\n'), columns, rows - 1);
      const back = above === 0 ? '' : `\u001B[${above}A\u001B[0J`;
      above = fitting.rows;
      return `${back}${fitting.lines.join('\n')}\n`;
    },
  };
}

/** As many lines as fit: one that has scrolled away cannot be gone back to. */
function fit(
  lines: readonly string[],
  columns: number,
  rows: number,
): { readonly lines: readonly string[]; readonly rows: number } {
  let used = 0;
  const fitting = lines.filter((line) => {
    const needed = Math.max(1, Math.ceil(width(line) / Math.max(1, columns)));
    used += needed;
    return used <= rows;
  });
  return {
    lines: fitting,
    rows: fitting.reduce((sum, line) => sum + Math.max(1, Math.ceil(width(line) / Math.max(1, columns))), 0),
  };
}
