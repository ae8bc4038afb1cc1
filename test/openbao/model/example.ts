import type { Outside } from './context.ts';
import type { InitRequest, NodeSettings } from './state.ts';

/** Believes every token: its text is the claims, as JSON. For use in memory only. */
export const trusting: Outside = {
  verify: (jwt) => {
    try {
      return JSON.parse(jwt) as Record<string, unknown>;
    } catch {
      return { error: 'the model in memory takes claims written as JSON' };
    }
  },
};

/** Settings of a node with Raft tuned as Rollguard renders it, without TLS. */
export function exampleSettings(id: string, version: string, more: Partial<NodeSettings> = {}): NodeSettings {
  return {
    version,
    apiAddress: `http://${id}:8200`,
    clusterAddress: `${id}:8201`,
    retryJoin: ['http://bao-0:8200', 'http://bao-1:8200', 'http://bao-2:8200'],
    joinAsNonVoter: false,
    initializeRace: 'founds',
    performanceMultiplier: 1,
    reconcileInterval: 1000,
    updateInterval: 500,
    ...more,
  };
}

/** An `initialize` stanza: JWT auth, a role that may do everything, a store, and no root token left. */
export function exampleInitialization(publicKeys: readonly string[] = []): readonly InitRequest[] {
  const all = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "scan", "sudo"] }';
  const requests: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
    ['enable-jwt', 'sys/auth/jwt-operator', { type: 'jwt' }],
    [
      'jwt-config',
      'auth/jwt-operator/config',
      { jwt_validation_pubkeys: publicKeys, bound_issuer: 'issuer' },
    ],
    ['policy', 'sys/policies/acl/all', { policy: all }],
    [
      'role',
      'auth/jwt-operator/role/all',
      {
        role_type: 'jwt',
        user_claim: 'sub',
        bound_audiences: ['openbao-internal'],
        bound_subject: 'tester',
        token_policies: ['all'],
        token_ttl: '15m',
      },
    ],
    ['autopilot', 'sys/storage/raft/autopilot/configuration', { server_stabilization_time: '1s' }],
    ['store', 'sys/mounts/kv', { type: 'kv' }],
    ['revoke-self', 'auth/token/revoke-self', {}],
  ];
  return requests.map(([name, path, data]) => ({
    name,
    operation: 'update',
    path,
    data,
    allowFailure: false,
  }));
}

/** Claims that the example's role accepts. */
export const exampleClaims = { iss: 'issuer', sub: 'tester', aud: ['openbao-internal'] };
