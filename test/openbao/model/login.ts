import { data, errors, json, noContent, type Response } from './http.ts';
import type { Claims, Context } from './context.ts';
import { durationMs } from './autopilot.ts';
import { uuid } from './random.ts';
import { commit } from './replication.ts';
import { read } from './storage.ts';
import { createToken } from './tokens.ts';

interface Role {
  readonly role_type?: string;
  readonly user_claim?: string;
  readonly bound_audiences?: readonly string[];
  readonly bound_subject?: string;
  readonly token_policies?: readonly string[] | string;
  readonly token_ttl?: string | number;
  readonly token_no_default_policy?: boolean;
}

interface Config {
  readonly jwt_validation_pubkeys?: readonly string[];
  readonly bound_issuer?: string;
}

/** `POST sys/auth/MOUNT`: only JWT can be logged in with here. */
export function enableAuth({ world, cluster, path, body }: Context): Response {
  const mount = path.slice('sys/auth/'.length);
  if (read(cluster, `auth/${mount}`) !== undefined) return errors(400, `path is already in use at ${mount}/`);
  commit(world, cluster, { [`auth/${mount}`]: { type: body['type'] } });
  return noContent;
}

/** Reads, writes and logs in below `auth/MOUNT/`. */
export function authMethod(context: Context): Response {
  const [, mount = '', kind = '', name = ''] = context.path.split('/');
  const reads = context.request.method === 'GET';
  if (read(context.cluster, `auth/${mount}`, context.index) === undefined) {
    return errors(404, `no handler for route "${context.path}". route entry not found.`);
  }
  if (kind === 'login') return login(context, mount);
  const key = kind === 'config' ? `auth/${mount}/config` : `auth/${mount}/role/${name}`;
  if (reads) {
    const stored = read(context.cluster, key, context.index);
    return stored === undefined ? errors(404) : data(stored);
  }
  commit(context.world, context.cluster, {
    [key]: context.request.method === 'DELETE' ? undefined : context.body,
  });
  return noContent;
}

function login({ world, cluster, body, path, outside }: Context, mount: string): Response {
  const { role: name, jwt } = body;
  if (typeof name !== 'string' || name === '') return errors(400, 'missing role');
  const role = read(cluster, `auth/${mount}/role/${name}`) as Role | undefined;
  if (role === undefined) return errors(400, `role "${name}" could not be found`);
  if (typeof jwt !== 'string' || jwt === '') return errors(400, 'missing token');
  if (role.role_type !== 'jwt') return errors(400, 'role with oidc role_type is not allowed');
  const config = (read(cluster, `auth/${mount}/config`) ?? {}) as Config;
  const claims = outside.verify(jwt, config.jwt_validation_pubkeys ?? []);
  const fault = 'error' in claims ? String(claims['error']) : claimFault(claims, role, config, world.now);
  if (fault !== undefined) return errors(400, `error validating token: ${fault}`);
  const subject = String((claims as Claims)[role.user_claim ?? 'sub']);
  const token = createToken(world, cluster, {
    policies: policiesOf(role),
    displayName: `${mount}-${subject}`,
    path,
    meta: { role: name },
    ttl: durationMs(String(role.token_ttl ?? '768h')),
  });
  return json(200, { ...data(undefined).body, data: null, auth: authBody(world, token) });
}

function authBody(
  world: Context['world'],
  token: ReturnType<typeof createToken>,
): Readonly<Record<string, unknown>> {
  return {
    client_token: token.id,
    accessor: token.accessor,
    policies: token.policies,
    token_policies: token.policies,
    metadata: token.meta,
    lease_duration: token.ttl / 1000,
    renewable: true,
    entity_id: uuid(world),
    token_type: 'service',
    orphan: true,
    mfa_requirement: null,
    num_uses: 0,
  };
}

function policiesOf({ token_policies = [], token_no_default_policy }: Role): readonly string[] {
  const named = typeof token_policies === 'string' ? token_policies.split(',') : token_policies;
  return token_no_default_policy === true ? named : [...named, 'default'].toSorted();
}

/** What is wrong with the claims, in OpenBao's words. */
function claimFault(claims: Claims, role: Role, config: Config, now: number): string | undefined {
  if (claims.exp !== undefined && now / 1000 > claims.exp) {
    return 'invalid expiration time (exp) claim: token is expired';
  }
  if (config.bound_issuer !== undefined && claims.iss !== config.bound_issuer)
    return 'invalid issuer (iss) claim';
  if (role.bound_subject !== undefined && role.bound_subject !== claims.sub)
    return 'invalid subject (sub) claim';
  const audiences = claims.aud === undefined ? [] : [claims.aud].flat();
  const bound = role.bound_audiences ?? [];
  if (audiences.length > 0 && bound.length === 0) {
    return 'invalid audience (aud) claim: audience claim found in JWT but no audiences bound to the role';
  }
  if (bound.length > 0 && !audiences.some((audience) => bound.includes(audience))) {
    return 'invalid audience (aud) claim: audience claim does not match any expected audience';
  }
  return undefined;
}
