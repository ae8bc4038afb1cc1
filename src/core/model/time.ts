/**
 * A time as status fields hold it: RFC 3339, UTC, with milliseconds.
 *
 * @param now milliseconds since the epoch
 */
export const timestamp = (now: number): string => new Date(now).toISOString();

/** @returns milliseconds since the epoch, or undefined for an absent text and for one that is no time */
export function parseTimestamp(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
