import type { Request } from './http.ts';
import type { Cluster, Node, World } from './state.ts';
import type { Token } from './tokens.ts';

/** What only the outside can do: the model knows no cryptography. */
export interface Outside {
  /** The claims of a signed token, or why it is not to be believed. */
  readonly verify: (jwt: string, publicKeys: readonly string[]) => Claims | { readonly error: string };
}

export interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  /** Seconds since the epoch. */
  readonly exp?: number;
  readonly [claim: string]: unknown;
}

/** One request where it is served: on the active node, or on a standby that reads its own copy. */
export interface Context {
  readonly world: World;
  readonly cluster: Cluster;
  readonly node: Node;
  /** Log index up to which the serving node sees. */
  readonly index: number;
  readonly request: Request;
  /** Without `/v1/`. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly token: Token | undefined;
  readonly outside: Outside;
}
