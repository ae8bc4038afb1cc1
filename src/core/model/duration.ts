const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a duration as Go writes it, such as 90s, 10m, 1h30m or 720h; never below zero.
 *
 * @returns milliseconds, or undefined when the text is none
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g);
  const sum = Array.from(parts, ([, amount, unit = '']) => Number(amount) * (unitMs[unit] ?? 0));
  const milliseconds = sum.reduce((so, far) => so + far, 0);
  return Number.isFinite(milliseconds) ? milliseconds : undefined;
}
