/** A reading whose result is used again for a while, by key. Failures are not remembered. */
interface Remembered<T> {
  get(key: string): Promise<T>;
  forget(key: string): void;
}

interface Entry<T> {
  readonly value: Promise<T>;
  readonly until: number;
}

/**
 * @param forMs how long a result is used, in milliseconds
 * @param now milliseconds of any clock that does not go back
 */
export function ttlCache<T>(
  read: (key: string) => Promise<T>,
  forMs: number,
  now: () => number = () => performance.now(),
): Remembered<T> {
  const entries = new Map<string, Entry<T>>();
  const begin = async (key: string): Promise<T> => {
    try {
      const value = await read(key);
      const until = now() + forMs;
      entries.set(key, { value: Promise.resolve(value), until });
      return value;
    } catch (error) {
      entries.delete(key);
      throw error;
    }
  };
  return {
    get(key) {
      const found = entries.get(key);
      if (found !== undefined && now() < found.until) return found.value;
      const value = begin(key);
      // Those who ask while it is read wait for the same answer.
      entries.set(key, { value, until: Infinity });
      return value;
    },
    forget: (key) => void entries.delete(key),
  };
}
