import { data, errors, noContent, type Response } from './http.ts';
import { allows, type Capability } from './policy.ts';
import type { Context } from './context.ts';
import { createToken, revokeToken, rulesOf, tokensOf, type Token } from './tokens.ts';
import { durationMs } from './autopilot.ts';

export function lookupSelf({ token, world }: Context): Response {
  return token === undefined ? errors(403, 'permission denied') : data(tokenBody(token, world.now, token.id));
}

export function revokeSelf({ world, cluster, token }: Context): Response {
  if (token !== undefined) revokeToken(world, cluster, token);
  return noContent;
}

export function listAccessors({ world, cluster, index }: Context): Response {
  return data({ keys: tokensOf(world, cluster, index).map(({ accessor }) => accessor) });
}

export function lookupAccessor({ world, cluster, index, body }: Context): Response {
  const token = tokensOf(world, cluster, index).find(({ accessor }) => accessor === body['accessor']);
  return token === undefined
    ? errors(403, '1 error occurred:\n\t* invalid accessor\n\n')
    : data(tokenBody(token, world.now, ''));
}

export function createChildToken({ world, cluster, path, body, token }: Context): Response {
  const wanted = {
    policies: (body['policies'] ?? token?.policies ?? []) as readonly string[],
    displayName: 'token',
    path,
    meta: null,
    ttl: durationMs(typeof body['ttl'] === 'string' ? body['ttl'] : '768h'),
  };
  const child = createToken(world, cluster, wanted, typeof body['id'] === 'string' ? body['id'] : undefined);
  const auth = {
    client_token: child.id,
    accessor: child.accessor,
    policies: child.policies,
    lease_duration: child.ttl / 1000,
  };
  return data(undefined, { data: null, auth });
}

const everyCapability: readonly Capability[] = ['create', 'delete', 'list', 'read', 'sudo', 'update'];

export function capabilitiesSelf({ cluster, index, token, body }: Context): Response {
  if (token === undefined) return errors(403, 'permission denied');
  const paths = [body['paths'] ?? body['path'] ?? []].flat().map(String);
  const rules = rulesOf(cluster, token, index);
  const found = Object.fromEntries(
    paths.map((path) => {
      const allowed = everyCapability.filter((capability) => allows(rules, path, capability));
      return [path, allowed.length === 0 ? ['deny'] : allowed];
    }),
  );
  return data(found, found);
}

function tokenBody(token: Token, now: number, id: string): Readonly<Record<string, unknown>> {
  const seconds = token.ttl / 1000;
  return {
    accessor: token.accessor,
    creation_time: Math.floor(token.created / 1000),
    creation_ttl: seconds,
    display_name: token.displayName,
    expire_time: token.ttl === 0 ? null : new Date(token.created + token.ttl).toISOString(),
    explicit_max_ttl: 0,
    id,
    meta: token.meta,
    num_uses: 0,
    orphan: true,
    path: token.path,
    policies: token.policies,
    ttl: token.ttl === 0 ? 0 : Math.floor((token.created + token.ttl - now) / 1000),
    type: 'service',
  };
}
