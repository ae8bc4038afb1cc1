/** Random walks through simulated worlds, each repeated by its seed. */

/** Random numbers that a seed repeats (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const pick = <T>(from: readonly T[], random: () => number): T | undefined =>
  from[Math.floor(random() * from.length)];

/** A world in which a controller works. */
interface Walked {
  readonly now: number;
  /** What the controller sees of Kubernetes, when its cache is behind. */
  cache: unknown;
  kubernetes(): unknown;
  /** @param survives how much of it happens before the controller's process ends */
  pass(survives?: number): unknown;
  tick(milliseconds: number, isSlow: (who: string) => boolean): void;
  fingerprint(): string;
}

/** The process ends after the status, or after the first or second effect; or its write meets a conflict. */
export const controllerMishaps: Readonly<Record<string, (world: Walked) => void>> = {
  'crash after the status': (world) => void world.pass(1),
  'crash after the first effect': (world) => void world.pass(2),
  'crash after the second effect': (world) => void world.pass(3),
  conflict: (world) => void world.pass(0),
  'stale cache': (world) => {
    world.cache ??= world.kubernetes();
  },
};

/** Each duration by itself, down to half and up to `slowest` times; how long a block lasts stays. */
export function slowed<Durations extends Readonly<Record<string, number>>>(
  durations: Durations,
  random: () => number,
  slowest: number,
): { readonly [Name in keyof Durations]?: number } {
  const slowness = 1 + random() * slowest;
  return Object.fromEntries(
    Object.entries(durations).map(([name, each]) => [
      name,
      name === 'block' ? each : each * (0.5 + random() * slowness),
    ]),
  ) as { [Name in keyof Durations]: number };
}

/**
 * 120 moments, in a share of which something happens; in the others the controller has a pass. Whatever is slow is
 * so by chance. A cache stays behind for 3 s at most.
 */
export function wander(
  world: Walked,
  random: () => number,
  trouble: number,
  happen: () => void,
  seen: Set<string>,
): void {
  let cachedAt = 0;
  for (let turn = 0; turn < 120; turn++) {
    if (world.cache !== undefined && world.now - cachedAt > 3_000) world.cache = undefined;
    if (random() < trouble) {
      happen();
      if (world.cache !== undefined && cachedAt === 0) cachedAt = world.now;
    } else world.pass();
    if (world.cache === undefined) cachedAt = 0;
    seen.add(world.fingerprint());
    const lazy = random() * 0.5;
    world.tick(200 + Math.floor(random() * 2_000), () => random() < lazy);
  }
}

/** How far tests explore: `npm test` sets EXPLORE=full; without it a short look is enough to see what broke. */
const isFull = process.env['EXPLORE'] === 'full';

/** So many walks, runs or moments: `full` in `npm test`, `small` in the inner loop. */
export const sized = (full: number, small: number): number => (isFull ? full : small);
