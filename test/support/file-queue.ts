/** What is known of the files of a queue, and of the processes that take from it. */
export interface QueueOptions {
  readonly processes: number;
  /** In milliseconds, by file. */
  readonly durations: Readonly<Record<string, number>>;
  /** How long a file without a duration is taken for. */
  readonly unknownMs: number;
  /** The file that nothing may come after in its process. */
  readonly last?: string;
  /** How long a file may take that a process beside the others is given. */
  readonly shortMs?: number;
}

/**
 * Test files that wait for a process: the longest first, so that all processes end at about the same time, even
 * where a file takes longer than it was recorded with.
 */
export class FileQueue {
  readonly #files: string[];
  readonly #options: QueueOptions;

  constructor(files: readonly string[], options: QueueOptions) {
    this.#options = options;
    this.#files = files.toSorted((a, b) => this.#msOf(b) - this.#msOf(a));
  }

  get isEmpty(): boolean {
    return this.#files.length === 0;
  }

  /** Takes a short file out, for a process beside the others. Undefined: there is none left. */
  takeShort(): string | undefined {
    const { last, shortMs = 0 } = this.#options;
    return this.#remove(this.#files.find((file) => file !== last && this.#msOf(file) <= shortMs));
  }

  /** Takes a file out, for a process that has nothing to do. Undefined: there is none left. */
  take(): string | undefined {
    const { last, processes } = this.#options;
    const others = this.#files.filter((file) => file !== last);
    const isLeft = last !== undefined && others.length < this.#files.length;
    // As soon as the others can do without the process that ends with it.
    const hasTime =
      isLeft && sum(others.map((file) => this.#msOf(file))) > this.#msOf(last) * (processes - 1);
    return this.#remove(isLeft && !hasTime ? last : others[0]);
  }

  #remove(taken: string | undefined): string | undefined {
    if (taken !== undefined) this.#files.splice(this.#files.indexOf(taken), 1);
    return taken;
  }

  #msOf(file: string): number {
    return this.#options.durations[file] ?? this.#options.unknownMs;
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
