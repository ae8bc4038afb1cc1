/**
 * Takes out of the JSON of an AdmissionReview, as it arrives, what is large and no rule reads: who owns which field,
 * and the bodies of self-init requests. So a review of megabytes is never held as a whole, nor parsed as one.
 *
 * What is taken out is replaced by an empty value of its type and is not checked. Everything else stays byte for byte,
 * so JSON that is broken there is found by who parses it.
 */
export class BallastFilter {
  /** Keys from the outermost object to here; a number stands for an item of a list. */
  readonly #path: (string | undefined)[] = [];
  /** For each open bracket, whether it is an object's. */
  readonly #isObject: boolean[] = [];
  #inString = false;
  #escaped = false;
  /** Where a string of an object is a key: before its colon. */
  #isKey = false;
  #key: number[] | undefined;
  /** Depth at which what is taken out ends; undefined where nothing is. */
  #until: number | undefined;

  /** @returns what stays of this piece */
  filter(chunk: Buffer): readonly Buffer[] {
    const kept: Buffer[] = [];
    let from = this.#until === undefined ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) {
          this.#inString = false;
          if (this.#key !== undefined) this.#endKey();
          continue;
        }
        if (this.#key !== undefined && this.#key.length <= longestKey) this.#key.push(byte);
        continue;
      }
      if (byte === quote) {
        this.#inString = true;
        this.#key = this.#isKey && this.#until === undefined && this.#path.length <= deepest ? [] : undefined;
      } else if (byte === openObject || byte === openList) {
        if (this.#until === undefined && ballast.has(this.#where())) {
          // The bracket stays, and what is between it and its counterpart goes.
          kept.push(chunk.subarray(from, at + 1));
          from = -1;
          this.#until = this.#isObject.length;
        }
        this.#isObject.push(byte === openObject);
        if (this.#until === undefined) this.#path.push(undefined);
        this.#isKey = byte === openObject;
      } else if (byte === closeObject || byte === closeList) {
        this.#isObject.pop();
        if (this.#until === undefined) this.#path.pop();
        else if (this.#isObject.length === this.#until) {
          this.#until = undefined;
          from = at;
        }
        this.#isKey = false;
      } else if (byte === comma) this.#isKey = this.#isObject.at(-1) === true;
      else if (byte === colon) this.#isKey = false;
    }
    if (from !== -1 && from < chunk.length) kept.push(chunk.subarray(from));
    return kept;
  }

  #endKey(): void {
    const key = this.#key ?? [];
    this.#key = undefined;
    if (this.#path.length > 0) this.#path[this.#path.length - 1] = String.fromCharCode(...key);
  }

  #where(): string {
    return this.#path.length > deepest ? '' : this.#path.map((key) => key ?? '*').join('.');
  }
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openObject, closeObject, openList, closeList] = [0x7b, 0x7d, 0x5b, 0x5d];

const ballast: ReadonlySet<string> = new Set(
  ['object', 'oldObject'].flatMap((object) => [
    `request.${object}.metadata.managedFields`,
    `request.${object}.spec.selfInit.requests.*.data`,
  ]),
);
const deepest = Math.max(...[...ballast].map((path) => path.split('.').length));
const longestKey = Math.max(...[...ballast].flatMap((path) => path.split('.').map(({ length }) => length)));
