import { known, unknown, type Known } from '../core/model/known.ts';

/** What a reading gives, or why it failed. Never rejects. */
export async function readKnown<T>(reading: () => Promise<T>): Promise<Known<T>> {
  try {
    return known(await reading());
  } catch (error) {
    return unknown(error instanceof Error ? error.message : String(error));
  }
}
