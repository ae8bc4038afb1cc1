import { errors, noContent, wrapped, type Response } from './http.ts';
import type { Context } from './context.ts';
import { keyValue, mountEngine } from './key-value.ts';
import { authMethod, enableAuth } from './login.ts';
import {
  autopilotConfiguration,
  autopilotState,
  configureAutopilot,
  demote,
  promote,
  raftConfiguration,
  removePeer,
} from './membership.ts';
import {
  createNamespace,
  namespaceCall,
  namespacePath,
  namespaceSealStatus,
  scanNamespaces,
  sealedAnswer,
  sealNamespace,
  unsealNamespace,
} from './namespaces.ts';
import { aclPolicy } from './policy-routes.ts';
import { operationOf, type Operation } from './policy.ts';
import { settle } from './election.ts';
import { handOver, stepDown } from './step-down.ts';
import { restoreSnapshot, takeSnapshot } from './snapshot.ts';
import { haStatus, versionHistory } from './status-routes.ts';
import {
  capabilitiesSelf,
  createChildToken,
  listAccessors,
  lookupAccessor,
  lookupSelf,
  revokeSelf,
} from './token-routes.ts';

/** One path of the API and what answers there. */
export interface Route {
  readonly path: RegExp;
  readonly on: Partial<Record<Operation, (context: Context) => Response>>;
  /** Needs the capability `sudo` too. */
  readonly sudo?: boolean;
  /** Needs no token. */
  readonly open?: boolean;
  /** A standby of 2.5 or later answers reads itself; of what changes nothing, updates too. */
  readonly local?: true | 'also updates';
}

const raft = (name: string) => new RegExp(`^sys/storage/raft/${name}$`);
const everything = (handler: (context: Context) => Response) => ({
  read: handler,
  list: handler,
  update: handler,
  delete: handler,
});

const routes: readonly Route[] = [
  { path: /^sys\/step-down$/, sudo: true, on: { update: stepsDown } },
  { path: /^sys\/seal$/, sudo: true, on: { update: seals } },
  { path: raft('configuration'), local: true, on: { read: raftConfiguration } },
  { path: raft('promote'), on: { update: promote } },
  { path: raft('demote'), on: { update: demote } },
  { path: raft('remove-peer'), on: { update: removePeer } },
  { path: raft('autopilot/state'), on: { read: autopilotState } },
  { path: raft('autopilot/configuration'), on: { read: autopilotConfiguration, update: configureAutopilot } },
  { path: raft('snapshot'), local: true, on: { read: takeSnapshot, update: restoreSnapshot } },
  { path: raft('snapshot-force'), on: { update: restoreSnapshot } },
  { path: /^sys\/ha-status$/, on: { read: haStatus } },
  { path: /^sys\/version-history\/?$/, local: true, on: { list: versionHistory } },
  { path: /^sys\/auth\/[^/]+$/, sudo: true, on: { update: enableAuth } },
  { path: /^sys\/mounts\/[^/]+\/?$/, on: { update: mountEngine } },
  { path: /^sys\/policies\/acl\/[^/]+$/, local: true, on: everything(aclPolicy) },
  { path: /^sys\/policies\/acl\/?$/, local: true, on: { list: aclPolicy } },
  { path: /^sys\/capabilities-self$/, local: 'also updates', on: { update: capabilitiesSelf } },
  { path: /^auth\/token\/lookup-self$/, local: true, on: { read: lookupSelf } },
  { path: /^auth\/token\/revoke-self$/, on: { update: revokeSelf } },
  { path: /^auth\/token\/create$/, on: { update: createChildToken } },
  { path: /^auth\/token\/accessors\/?$/, sudo: true, local: true, on: { list: listAccessors } },
  { path: /^auth\/token\/lookup-accessor$/, on: { update: lookupAccessor } },
  { path: /^auth\/[^/]+\/login$/, open: true, on: { update: authMethod } },
  { path: /^auth\/[^/]+\/(config|role\/[^/]+)$/, local: true, on: everything(authMethod) },
  { path: /^sys\/namespaces\/?$/, local: true, on: { scan: scanNamespaces } },
  { path: namespaceCall('seal-status'), local: true, on: { read: namespaceSealStatus } },
  { path: namespaceCall('unseal'), on: { update: unsealNamespace } },
  { path: namespaceCall('seal'), on: { update: sealNamespace } },
  { path: namespacePath, on: { update: createNamespace } },
  { path: /^(sys|auth)\//, on: everything(() => wrapped(404, 'unsupported path')) },
  { path: /./, local: true, on: everything(keyValue) },
];

/** The route of a path without `/v1/`. */
export function routeOf(path: string): Route {
  return routes.find((route) => route.path.test(path)) ?? { path: /./, on: {} };
}

/** What the route answers to an allowed request. */
export function answer(route: Route, context: Context): Response {
  const sealed = sealedAnswer(context);
  if (sealed !== undefined) return sealed;
  const handler = route.on[operationOf(context.request)];
  return handler === undefined ? wrapped(405, 'unsupported operation') : handler(context);
}

function stepsDown({ world, cluster }: Context): Response {
  stepDown(world, cluster);
  return noContent;
}

function seals({ world, cluster, node }: Context): Response {
  if (node.process === undefined) return errors(503, 'Vault is sealed');
  if (cluster.leader === node.id) handOver(world, cluster);
  node.process.phase = 'sealed';
  node.process.joined = false;
  settle(world);
  return noContent;
}
