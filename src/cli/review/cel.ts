/**
 * The part of CEL (Common Expression Language) that the rules of our CustomResourceDefinitions use: fields,
 * texts, whole numbers, `! && || == != < <= > >=`, `has()`, `matches()` and `size()`.
 */

/** What a rule speaks of. `oldSelf` only in an UPDATE. */
interface Scope {
  readonly self: unknown;
  readonly oldSelf?: unknown;
}

/** Whether a rule holds. @throws Error where CEL itself would fail, for example at a field that is not there */
type Rule = (scope: Scope) => boolean;

type Evaluate = (scope: Scope) => unknown;

/**
 * @param source a rule of `x-kubernetes-validations`
 * @throws SyntaxError where the rule uses what is not known here
 */
export function compileRule(source: string): Rule {
  const evaluate = new Parser(source).parse();
  return (scope) => truth(evaluate(scope));
}

const token =
  /\s*(?:(?<text>'[^'\\]*'|"[^"\\]*")|(?<number>\d+)|(?<name>[A-Za-z_]\w*)|(?<sign>&&|\|\||[=!<>]=|[!<>().,]))/y;

interface Token {
  readonly kind: 'text' | 'number' | 'name' | 'sign';
  readonly text: string;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const end = source.trimEnd().length;
  for (let at = 0; at < end; at = token.lastIndex) {
    token.lastIndex = at;
    const groups = token.exec(source)?.groups;
    const found = Object.entries(groups ?? {}).find(([, text]) => text !== undefined);
    if (found === undefined) throw new SyntaxError(`CEL not known here: ${source.slice(at)}`);
    tokens.push({ kind: found[0] as Token['kind'], text: found[1] });
  }
  return tokens;
}

const comparisons: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => Number(left) < Number(right),
  '<=': (left, right) => Number(left) <= Number(right),
  '>': (left, right) => Number(left) > Number(right),
  '>=': (left, right) => Number(left) >= Number(right),
};

const methods: Readonly<Record<string, (on: unknown, argument: unknown) => unknown>> = {
  // RE2, as JavaScript has it for what our rules write.
  matches: (on, pattern) => new RegExp(asText(pattern), 'u').test(asText(on)),
  // Characters, not units of UTF-16.
  size: (on) => [...asText(on)].length,
};

/** Recursive descent, one method for each level of precedence. */
class Parser {
  readonly #source: string;
  readonly #tokens: Token[];

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokensOf(source);
  }

  parse(): Evaluate {
    const expression = this.#or();
    if (this.#tokens.length > 0) throw this.#unknown();
    return expression;
  }

  #or(): Evaluate {
    const left = this.#and();
    if (!this.#takes('||')) return left;
    const right = this.#or();
    return (scope) => either(left, right, scope, true);
  }

  #and(): Evaluate {
    const left = this.#comparison();
    if (!this.#takes('&&')) return left;
    const right = this.#and();
    return (scope) => either(left, right, scope, false);
  }

  #comparison(): Evaluate {
    const left = this.#not();
    const compare = comparisons[this.#tokens[0]?.text ?? ''];
    if (compare === undefined || this.#tokens[0]?.kind !== 'sign') return left;
    this.#tokens.shift();
    const right = this.#not();
    return (scope) => compare(left(scope), right(scope));
  }

  #not(): Evaluate {
    if (!this.#takes('!')) return this.#member();
    const inner = this.#not();
    return (scope) => !truth(inner(scope));
  }

  #member(): Evaluate {
    let on = this.#primary();
    while (this.#takes('.')) {
      const name = this.#name();
      const inner = on;
      if (!this.#takes('(')) {
        on = (scope) => field(inner(scope), name);
        continue;
      }
      const method = methods[name];
      if (method === undefined) throw this.#unknown();
      const argument = this.#takes(')') ? undefined : this.#or();
      if (argument !== undefined) this.#expect(')');
      on = (scope) => method(inner(scope), argument?.(scope));
    }
    return on;
  }

  #primary(): Evaluate {
    const next = this.#tokens.shift();
    if (next?.kind === 'text') return () => next.text.slice(1, -1);
    if (next?.kind === 'number') return () => Number(next.text);
    if (next?.text === '(') {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    if (next?.text === 'true' || next?.text === 'false') return () => next.text === 'true';
    if (next?.text === 'self') return ({ self }) => self;
    if (next?.text === 'oldSelf') return ({ oldSelf }) => oldSelf;
    if (next?.text === 'has') return this.#has();
    throw this.#unknown();
  }

  /** `has(self.a.b)`: whether the last field is there. */
  #has(): Evaluate {
    this.#expect('(');
    let on = this.#primary();
    this.#expect('.');
    let name = this.#name();
    while (this.#takes('.')) {
      const [inner, before] = [on, name];
      on = (scope) => field(inner(scope), before);
      name = this.#name();
    }
    this.#expect(')');
    return (scope) => fieldOf(on(scope), name) !== undefined;
  }

  #name(): string {
    const next = this.#tokens.shift();
    if (next?.kind !== 'name') throw this.#unknown();
    return next.text;
  }

  #takes(sign: string): boolean {
    const [next] = this.#tokens;
    if (next?.kind !== 'sign' || next.text !== sign) return false;
    this.#tokens.shift();
    return true;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) throw this.#unknown();
  }

  #unknown(): SyntaxError {
    return new SyntaxError(`CEL not known here: ${this.#source}`);
  }
}

/** `||` (decided by true) and `&&` (by false): one side that decides outweighs a failure of the other. */
function either(left: Evaluate, right: Evaluate, scope: Scope, decisive: boolean): boolean {
  try {
    if (truth(left(scope)) === decisive) return decisive;
  } catch (error) {
    if (truth(right(scope)) === decisive) return decisive;
    throw error;
  }
  return truth(right(scope));
}

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('no boolean');
  return value;
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('no text');
  return value;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) throw new TypeError(`no fields to have ${name}`);
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function field(value: unknown, name: string): unknown {
  const found = fieldOf(value, name);
  if (found === undefined) throw new TypeError(`no such key: ${name}`);
  return found;
}
