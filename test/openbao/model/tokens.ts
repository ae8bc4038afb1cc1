import { random } from './random.ts';
import { commit } from './replication.ts';
import type { Cluster, World } from './state.ts';
import { keysBelow, read } from './storage.ts';
import { parsePolicy, type Rule } from './policy.ts';

export interface Token {
  readonly id: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly displayName: string;
  readonly path: string;
  readonly meta: Readonly<Record<string, string>> | null;
  readonly created: number;
  /** Milliseconds; 0 never ends. */
  readonly ttl: number;
}

const prefix = 'token/';
/** What the policy `default` allows, as far as the model serves it. */
const defaultPolicy = `
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
`;

export function createToken(
  world: World,
  cluster: Cluster,
  wanted: Pick<Token, 'policies' | 'displayName' | 'path' | 'meta' | 'ttl'>,
  id?: string,
): Token {
  const token: Token = {
    ...wanted,
    id: id ?? `s.${letters(world)}`,
    accessor: letters(world),
    created: world.now,
  };
  commit(world, cluster, { [prefix + token.id]: token });
  return token;
}

export function revokeToken(world: World, cluster: Cluster, { id }: Token): void {
  commit(world, cluster, { [prefix + id]: undefined });
}

/** The token, unless it was revoked or its time is over. */
export function tokenOf(
  world: World,
  cluster: Cluster,
  id: string | undefined,
  index?: number,
): Token | undefined {
  const token = id === undefined ? undefined : (read(cluster, prefix + id, index) as Token | undefined);
  return token !== undefined && (token.ttl === 0 || world.now < token.created + token.ttl)
    ? token
    : undefined;
}

export function tokensOf(world: World, cluster: Cluster, index?: number): readonly Token[] {
  return keysBelow(cluster, prefix, index).flatMap(
    (key) => tokenOf(world, cluster, key.slice(prefix.length), index) ?? [],
  );
}

/** The rules of all policies that the token names. */
export function rulesOf(cluster: Cluster, token: Token, index?: number): readonly Rule[] {
  return token.policies.flatMap((name) => {
    if (name === 'root')
      return [{ path: '*', capabilities: ['create', 'read', 'update', 'delete', 'list', 'scan', 'sudo'] }];
    const text = read(cluster, `policy/${name}`, index) as string | undefined;
    return parsePolicy(text ?? (name === 'default' ? defaultPolicy : ''));
  });
}

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function letters(world: World): string {
  return Array.from({ length: 24 }, () => alphabet[Math.floor(random(world) * alphabet.length)]).join('');
}
