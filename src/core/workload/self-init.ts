import { defined } from '../../api/object-fields.ts';
import { accesses, type Access } from './access.ts';
import { raftTiming } from './configuration.ts';
import type { WorkloadInputs } from './inputs.ts';
import { jwtAuth } from '../model/names.ts';

type Request = Readonly<Record<string, object>>;

/** How long a token of a role lives: a step takes less, and what is not given back is gone soon. */
const tokenLife = '15m';

/**
 * The `initialize` stanza, given to pod 0 before the cluster's first start and never again: the login that
 * Rollguard's roles live at, their policies, then what the user asks for. The root token that OpenBao makes for it
 * would live on (2.4, 2.5), so the last request revokes it (docs/facts/openbao-measured.md, 0.1).
 */
export function selfInit(inputs: WorkloadInputs): object {
  const { cluster } = inputs;
  return {
    initialize: [
      ...block('rollguard', [...login(inputs), ...accesses(inputs).flatMap(grant), autopilot(inputs)]),
      ...block('requested', (cluster.spec.selfInit?.requests ?? []).map(requested)),
      ...block('end', [write('revoke-self', 'auth/token/revoke-self', {})]),
    ],
  };
}

const block = (name: string, requests: readonly Request[]) =>
  requests.length === 0 ? [] : [{ [name]: { request: requests } }];

const write = (name: string, path: string, data: object): Request => ({
  [name]: { operation: 'update', path, data },
});

function login({ issuer }: WorkloadInputs): readonly Request[] {
  return [
    write('enable-jwt', `sys/auth/${jwtAuth.mount}`, {
      type: 'jwt',
      description: 'Rollguard: steps, reads and snapshots by ServiceAccount tokens',
    }),
    write('configure-jwt', `auth/${jwtAuth.mount}/config`, {
      jwt_validation_pubkeys: issuer.publicKeys,
      bound_issuer: issuer.url,
    }),
  ];
}

/** A policy and its roles, each bound to one exact subject. */
const grant = ({ name, policy, roles, subject }: Access): readonly Request[] => [
  write(`policy-${name}`, `sys/policies/acl/${name}`, { policy }),
  ...roles.map((role, index) =>
    write(`role-${name}-${index}`, `auth/${jwtAuth.mount}/role/${role}`, {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: [jwtAuth.audience],
      bound_subject: subject,
      token_policies: [name],
      token_no_default_policy: true,
      token_ttl: tokenLife,
      token_max_ttl: tokenLife,
    }),
  ),
];

/** Stored before the first joiner waits for its vote; a start-up setting would come too late for it. */
const autopilot = ({ cluster }: WorkloadInputs): Request =>
  write('autopilot', 'sys/storage/raft/autopilot/configuration', {
    server_stabilization_time: raftTiming(cluster).serverStabilizationTime,
  });

type Requested = NonNullable<NonNullable<WorkloadInputs['cluster']['spec']['selfInit']>['requests']>[number];

const requested = ({ name, operation, path, data, allowFailure }: Requested): Request => ({
  [name]: {
    operation,
    path,
    ...defined({ data }),
    ...(allowFailure === true ? { allow_failure: true } : {}),
  },
});
