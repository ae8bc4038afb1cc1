import { stripVTControlCharacters } from 'node:util';

/** Lines with aligned columns, three spaces apart, no space at their ends. Cells may be colored. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('   ')
      .trimEnd(),
  );
}

/** How many columns of a terminal a text takes. */
export const width = (text: string): number => stripVTControlCharacters(text).length;
