import type { WorkloadInputs } from './inputs.ts';
import { jwtAuth, names, roles } from '../model/names.ts';

type Capability = 'read' | 'update' | 'list' | 'scan' | 'sudo';
type Rights = Readonly<Record<string, readonly Capability[]>>;

/** One way in: who may log in as which role, and what the token may do. */
export interface Access {
  /** Names the policy, and the role of it that is there in any case. */
  readonly name: string;
  readonly policy: string;
  /** Roles at auth/jwt-operator that give the policy. */
  readonly roles: readonly string[];
  /** The one ServiceAccount that may log in, as `sub` of its token. */
  readonly subject: string;
}

/**
 * The least that each needs, tested one by one (docs/facts/openbao-measured.md, section 1). Only step-down is
 * root-protected and needs sudo. Everybody may ask what their own token may do, and give it back, and has no
 * default policy beside.
 */
const whatAll: Rights = { 'auth/token/revoke-self': ['update'], 'sys/capabilities-self': ['update'] };

const reads: Rights = {
  'sys/storage/raft/configuration': ['read'],
  'sys/storage/raft/autopilot/state': ['read'],
  'sys/storage/raft/autopilot/configuration': ['read'],
  'sys/ha-status': ['read'],
  'sys/version-history': ['list'],
};

/**
 * Which namespaces there are, and which of their keys a member holds: nothing of what is in them. A `+` is one name, and
 * a namespace that lies deeper than four cannot be read of.
 */
const sealableReads: Rights = {
  'sys/namespaces': ['scan'],
  'sys/namespaces/+/seal-status': ['read'],
  '+/sys/namespaces/+/seal-status': ['read'],
  '+/+/sys/namespaces/+/seal-status': ['read'],
  '+/+/+/sys/namespaces/+/seal-status': ['read'],
};

const rights = {
  /** The controller: reads alone. */
  observer: { ...reads, ...sealableReads },
  /** The executor: the steps of both strategies. No snapshot, no restore, no secrets. */
  upgrade: {
    ...reads,
    'sys/storage/raft/autopilot/configuration': ['read', 'update'],
    'sys/step-down': ['update', 'sudo'],
    'sys/storage/raft/promote': ['update'],
    'sys/storage/raft/demote': ['update'],
    'sys/storage/raft/remove-peer': ['update'],
    // For the API server's new keys. Whoever holds it can let anybody in: it is no less than root (issuer.ts).
    [`auth/${jwtAuth.mount}/config`]: ['read', 'update'],
  },
  backup: { 'sys/storage/raft/snapshot': ['read'] },
  /** OpenBaoRestore: replaces all data, and reads back. Its members get their votes from the upgrade's role. */
  restore: {
    'sys/storage/raft/configuration': ['read'],
    'sys/storage/raft/snapshot': ['update'],
    'sys/storage/raft/snapshot-force': ['update'],
  },
} satisfies Record<keyof typeof roles, Rights>;

/** All ways in that a cluster has from its start, for either strategy. */
export function accesses({ cluster, controller }: WorkloadInputs): readonly Access[] {
  const { spec, metadata } = cluster;
  const own = names(metadata.name ?? '');
  const inNamespace = (name: string) => subjectOf(metadata.namespace ?? '', name);
  return [
    access('observer', subjectOf(controller.namespace, controller.serviceAccount)),
    access('upgrade', inNamespace(own.upgradeServiceAccount), spec.upgrade?.jwtAuthRole),
    access('backup', inNamespace(own.backupServiceAccount), spec.backup?.jwtAuthRole),
    access('restore', inNamespace(own.restoreServiceAccount)),
  ];
}

function access(kind: keyof typeof roles, subject: string, named?: string): Access {
  const name = roles[kind];
  return {
    name,
    policy: policyText({ ...rights[kind], ...whatAll }),
    roles: [...new Set([name, named ?? name])],
    subject,
  };
}

const subjectOf = (namespace: string, serviceAccount: string) =>
  `system:serviceaccount:${namespace}:${serviceAccount}`;

const policyText = (granted: Rights): string =>
  Object.entries(granted)
    .map(([path, capabilities]) => `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`)
    .join('\n');
