import { parseTimestamp, timestamp } from './time.ts';

/**
 * Until when the time at each path of a status may lie, in milliseconds since the epoch: `now` for what has happened,
 * `now` and its whole length for what ends. Paths are as `upgrade.catchUp[].deadline`.
 */
export type LatestTimes = Readonly<Record<string, number>>;

/**
 * A status in which no stored time holds something back for longer than it may: another controller, or this one
 * before its clock was set, wrote it by a clock that was ahead. A time in the future counts as now, an end that is
 * further away than its own length as that length from now; it is stored so, else it would count as now for ever.
 *
 * @returns the same object where nothing changes
 */
export function withBoundedTimes<Status extends object>(status: Status, latest: LatestTimes): Status {
  return bounded(status, '', latest) as Status;
}

function bounded(value: unknown, path: string, latest: LatestTimes): unknown {
  if (typeof value === 'string') {
    const most = latest[path];
    if (most === undefined || (parseTimestamp(value) ?? -Infinity) <= most) return value;
    return timestamp(most);
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => bounded(item, `${path}[]`, latest));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, before]) => [key, before, bounded(before, path === '' ? key : `${path}.${key}`, latest)] as const,
  );
  if (entries.every(([, before, after]) => before === after)) return value;
  return Object.fromEntries(entries.map(([key, , after]) => [key, after]));
}
