/** What may be in use at a time; whoever asks for more waits, the smallest first, until its time is over. */
export class Turns {
  readonly #total: number;
  #used = 0;
  readonly #waiting: Waiting[] = [];

  /** @param total nothing asks for more than that */
  constructor(total: number) {
    this.#total = total;
  }

  /**
   * @param rank who is lower is let through before others that wait
   * @param ms how long it may wait
   * @returns gives back what was taken, once; undefined when the time was over before
   */
  async take(amount: number, rank: number, ms: number): Promise<(() => void) | undefined> {
    if (this.#waiting.length === 0 && this.#used + amount <= this.#total) return this.#grant(amount);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        amount,
        rank,
        resolve: (grant) => {
          clearTimeout(timer);
          resolve(grant);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        waiting.resolve(undefined);
        this.#next();
      }, ms);
      const place = this.#waiting.findIndex((other) => other.rank > rank);
      this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, waiting);
      this.#next();
    });
  }

  #grant(amount: number): () => void {
    this.#used += amount;
    let isGivenBack = false;
    return () => {
      if (isGivenBack) return;
      isGivenBack = true;
      this.#used -= amount;
      this.#next();
    };
  }

  #next(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#used + first.amount > this.#total) return;
      this.#waiting.shift();
      first.resolve(this.#grant(first.amount));
    }
  }
}

interface Waiting {
  readonly amount: number;
  readonly rank: number;
  readonly resolve: (grant: (() => void) | undefined) => void;
}
