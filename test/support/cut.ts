/**
 * Cuts files into so many parts that take about equally long: the longest first, each to the part that has least to
 * do. Within a part they keep their order.
 *
 * @param durations in milliseconds; a file without one is taken for `unknownMs`
 */
export function cut(
  files: readonly string[],
  parts: number,
  durations: Readonly<Record<string, number>>,
  unknownMs: number,
): readonly (readonly string[])[] {
  const msOf = (file: string) => durations[file] ?? unknownMs;
  const bins = Array.from({ length: parts }, () => ({ ms: 0, files: new Set<string>() }));
  for (const file of files.toSorted((a, b) => msOf(b) - msOf(a))) {
    const least = bins.reduce((so, bin) => (bin.ms < so.ms ? bin : so));
    least.ms += msOf(file);
    least.files.add(file);
  }
  return bins.map((bin) => files.filter((file) => bin.files.has(file)));
}
