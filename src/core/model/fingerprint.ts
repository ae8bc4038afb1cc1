/**
 * 64 bits that differ when two values do, for all practical purposes; against chance, not against an adversary
 * (the pure core has no SHA). Independent of the order of keys, blind to fields that are undefined.
 *
 * Two lanes of 32 bits after MurmurHash3's finalizer.
 */
export function fingerprint(value: unknown): string {
  const text = stableText(value);
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  const mixed = [mix(high ^ Math.imul(low, 2246822507)), mix(low ^ Math.imul(high, 3266489909))];
  return mixed.map((lane) => lane.toString(16).padStart(8, '0')).join('');
}

function mix(lane: number): number {
  const once = Math.imul(lane ^ (lane >>> 16), 2246822507);
  const twice = Math.imul(once ^ (once >>> 13), 3266489909);
  return (twice ^ (twice >>> 16)) >>> 0;
}

const stableText = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
