/** Runs of simulated worlds that have something in common, each part of which is run once. */

/**
 * A copy that goes its own way: all that is in it is copied, each object once, as one of its class. A field must hold
 * no function that knows its `this`.
 */
export function copied<T>(original: T, copies = new Map<unknown, unknown>()): T {
  if (typeof original !== 'object' || original === null) return original;
  const found = copies.get(original);
  if (found !== undefined) return found as T;
  const keep = <Copy>(copy: Copy): Copy => {
    copies.set(original, copy);
    return copy;
  };
  if (original instanceof Map) {
    const copy = keep(new Map<unknown, unknown>());
    for (const [key, value] of original) copy.set(key, copied(value as unknown, copies));
    return copy as T;
  }
  if (original instanceof Set) return keep(new Set<unknown>(original)) as T;
  if (Array.isArray(original)) {
    const copy: unknown[] = keep([]);
    for (const each of original) copy.push(copied(each as unknown, copies));
    return copy as T;
  }
  const prototype = Object.getPrototypeOf(original) as object;
  const copy: Record<string, unknown> = keep(
    prototype === Object.prototype ? { ...original } : Object.assign(Object.create(prototype), original),
  );
  for (const [name, value] of Object.entries(copy)) {
    if (typeof value === 'object') copy[name] = copied(value, copies);
  }
  return copy as T;
}

/** One run of a world, in which nothing goes wrong, and of which other runs branch off at every moment. */
export class Course<World> {
  private readonly moments: World[];
  private isOver = false;
  private readonly step: (world: World, turn: number) => boolean;

  /** @param step goes on to the next moment. @returns whether it has ended before that */
  constructor(begin: World, step: (world: World, turn: number) => boolean) {
    this.moments = [begin];
    this.step = step;
  }

  /** @returns a world of its own, as it is after so many steps; undefined where it has ended before */
  at(moment: number): World | undefined {
    while (!this.isOver && this.moments.length <= moment) {
      const next = copied(this.moments.at(-1) as World);
      this.isOver = this.step(next, this.moments.length - 1);
      if (!this.isOver) this.moments.push(next);
    }
    return copied(this.moments[moment]);
  }
}

/**
 * What runs came to, by the whole state that they went on from: where nothing is left to chance, what is the same in
 * everything goes on in the same way, and need not do so again. Many a happening changes nothing, or what another one
 * changes.
 */
export class Outcomes<Outcome> {
  private readonly known = new Map<string, Outcome>();

  /** @param goOn brings the world to its end, with no other input than its state */
  of(world: object, goOn: () => Outcome): Outcome {
    const state = stateOf(world);
    if (!this.known.has(state)) this.known.set(state, goOn());
    return this.known.get(state) as Outcome;
  }
}

/** All that is in a world, but for what is noted for people alone. */
function stateOf(world: object): string {
  const { log: _, events: __, ...whole } = { log: undefined, events: undefined, ...world };
  return JSON.stringify(whole, (_name, value: unknown) => {
    if (value instanceof Map || value instanceof Set) return [...value];
    // What JSON does not tell from an absent field, or from null.
    return value === undefined || (typeof value === 'number' && !Number.isFinite(value))
      ? `\u0000${value}`
      : value;
  });
}
