/** What was measured of one server: the median of the rounds. */
export interface Figures {
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Microseconds on a core that the server used for each request: the figure that a busy machine blurs least. */
  readonly cpuMicroseconds: number;
  readonly rssMiB: number;
  /** Share of one core that the server used; near 1, the server is what was measured. */
  readonly serverBusy: number;
  readonly clientBusy: number;
}

/** The middle one; of an even number, the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;
}

/** The median of each figure by itself. */
export function medianOf(rounds: readonly Figures[]): Figures {
  const of = (figure: Exclude<keyof Figures, 'name'>) => median(rounds.map((round) => round[figure]));
  return {
    name: rounds[0]?.name ?? '',
    requestsPerSecond: of('requestsPerSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    cpuMicroseconds: of('cpuMicroseconds'),
    rssMiB: of('rssMiB'),
    serverBusy: of('serverBusy'),
    clientBusy: of('clientBusy'),
  };
}

export function table(rows: readonly Figures[]): string {
  const cells = [
    ['', 'requests/s', 'p50 ms', 'p99 ms', 'µs core/request', 'RSS MiB', 'server core', 'client core'],
    ...rows.map((row) => [
      row.name,
      row.requestsPerSecond.toFixed(0),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      row.cpuMicroseconds.toFixed(0),
      row.rssMiB.toFixed(0),
      percent(row.serverBusy),
      percent(row.clientBusy),
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return cells.map(line).join('\n');
}

const percent = (share: number) => `${(share * 100).toFixed(0)}%`;

/**
 * How `ours` stands to the two it is measured against, and to what it should be: the median
 * of the ratios of each round, whose measurements were made one right after the other.
 */
export function verdicts(
  ours: readonly Figures[],
  express: readonly Figures[],
  bare: readonly Figures[],
): string {
  return [
    verdict('requests/s, of Express', ratio('requestsPerSecond', ours, express), 'at least', 0.9),
    verdict('p99, of Express', ratio('p99Ms', ours, express), 'at most', 1.3),
    verdict('RSS, of Express', ratio('rssMiB', ours, express), 'at most', 1.2),
    verdict('requests/s, of node:https', ratio('requestsPerSecond', ours, bare), 'at least', 0.8),
    verdict('p99, of node:https', ratio('p99Ms', ours, bare), 'at most', 1.5),
  ].join('\n');
}

/** How this build stands to that of another checkout: the median of the ratios of each round, as above. */
export function verdictsOnOther(
  [allowed, denied]: readonly [allowed: readonly Figures[], denied: readonly Figures[]],
  [otherAllowed, otherDenied]: readonly [allowed: readonly Figures[], denied: readonly Figures[]],
): string {
  return [
    verdict('core/allowed, of the other', ratio('cpuMicroseconds', allowed, otherAllowed), 'at most', 0.6),
    verdict('core/denied, of the other', ratio('cpuMicroseconds', denied, otherDenied), 'at most', 0.6),
    verdict('RSS, of the other', ratio('rssMiB', denied, otherDenied), 'at most', 0.85),
  ].join('\n');
}

const ratio = (
  figure: Exclude<keyof Figures, 'name'>,
  ours: readonly Figures[],
  others: readonly Figures[],
): number => median(ours.map((round, index) => round[figure] / (others[index]?.[figure] ?? NaN)));

/** How a figure stands to what it should be. A whole number is shown as one. */
export function verdict(what: string, value: number, bound: 'at least' | 'at most', target: number): string {
  const reached = bound === 'at least' ? value >= target : value <= target;
  const shown = Number.isInteger(value) ? value : value.toFixed(2);
  return `${reached ? 'PASS' : 'MISS'}  ${what.padEnd(32)} ${shown} (${bound} ${target})`;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
