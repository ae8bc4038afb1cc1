/** The revision of the set of members that a cluster is born with: its StatefulSet has the cluster's own name. */
export const initialRevision = 'initial';

/** The StatefulSet of a revision: one half of a blue-green upgrade, or all there is. */
export const setName = (cluster: string, revision: string): string =>
  revision === initialRevision ? cluster : `${cluster}-${revision}`;

/**
 * Names of everything that belongs to a cluster, once
 * (docs/facts/openbao-operator.md, section 6). Exact names are what matches pods to Raft peers,
 * never prefixes (docs/design.md, rule 4).
 *
 * @param revision of the set whose members are meant (`membersOf` in members.ts knows the one that serves)
 */
export const names = (cluster: string, revision: string = initialRevision) => ({
  statefulSet: setName(cluster, revision),
  /** Headless; publishes pods that are not ready, because they must find each other to become so. */
  headlessService: cluster,
  /** Any unsealed member. */
  publicService: `${cluster}-public`,
  /** The member that leads. */
  activeService: `${cluster}-active`,
  config: `${cluster}-config`,
  unsealKey: `${cluster}-unseal-key`,
  ca: `${cluster}-tls-ca`,
  serverCertificate: `${cluster}-tls-server`,
  podDisruptionBudget: `${cluster}-pdb`,
  networkPolicy: `${cluster}-network`,
  serviceAccount: `${cluster}-serviceaccount`,
  upgradeServiceAccount: `${cluster}-upgrade-serviceaccount`,
  backupServiceAccount: `${cluster}-backup-serviceaccount`,
  restoreServiceAccount: `${cluster}-restore-serviceaccount`,
  pod: (ordinal: number) => `${setName(cluster, revision)}-${ordinal}`,
  claim: (ordinal: number) => `data-${setName(cluster, revision)}-${ordinal}`,
});

/** What names a Service, an account or a set of members of a cluster that has the rest of the name. */
const reserved = /.(-(?:public|active|upgrade|backup|restore|r[0-9a-f]{10}))$/;

/**
 * The ending of a name with which an object of this cluster could have the name of another cluster's: its own Service
 * `foo-public` that of the members of `foo`, its members' account `foo-upgrade-serviceaccount` that of upgrades of it.
 */
export const reservedEnding = (cluster: string): string | undefined => reserved.exec(cluster)?.[1];

/** The container of OpenBao in its pod. */
export const serverContainer = 'openbao';
/** Where OpenBao's API and its Raft listen. */
export const ports = { api: 8200, cluster: 8201 } as const;
/** The auth method that Rollguard's roles live at, and the audience of their tokens. */
export const jwtAuth = { mount: 'jwt-operator', audience: 'openbao-internal' } as const;
/** Default roles: the controller's reads, the executor's steps, the snapshot's, the restore's. */
export const roles = {
  observer: 'rollguard-observer',
  upgrade: 'rollguard-upgrade',
  backup: 'rollguard-backup',
  restore: 'rollguard-restore',
} as const;

/** Which seal key members unseal with; snapshots record it. */
export const sealKeyId = 'rollguard-1';
/** The key of the Secret that holds it. */
export const sealKeyName = 'key';
/** Who lists itself as maker of what the driver renders. */
export const managedBy = 'rollguard';

/** A pod's name in DNS, which its certificate carries and Raft knows it by. */
export const podHost = (cluster: string, namespace: string, pod: string): string =>
  `${pod}.${cluster}.${namespace}.svc`;

/** The ordinal of a pod of this very StatefulSet; undefined for any other name. */
export function ordinalOf(statefulSet: string, pod: string): number | undefined {
  if (!pod.startsWith(`${statefulSet}-`)) return undefined;
  const rest = pod.slice(statefulSet.length + 1);
  return /^(0|[1-9][0-9]*)$/.test(rest) ? Number(rest) : undefined;
}
