import { expect } from 'chai';
import jsonpatch, { type Operation } from 'fast-json-patch';
import type { AdmissionRequest, AdmissionResponse } from '../../src/api/admission-review.ts';
import type { UserInfo } from '../../src/api/kubernetes.ts';
import { parsePersistentVolumeClaim, parsePod } from '../../src/api/kubernetes-schemas.ts';
import type { Verb } from '../../src/api/labels.ts';
import { parseOpenBaoCluster } from '../../src/api/openbaocluster.ts';
import { known } from '../../src/core/model/known.ts';
import { maintenanceEnabled } from '../../src/core/model/selectors.ts';
import { denialText, type Violation } from '../../src/core/policies/policy.ts';
import type { AdmissionFacts } from '../../src/io/kubernetes/admission-facts.ts';
import { wrap } from '../../webhooks/admission-review.ts';
import { answer } from '../../webhooks/answer.ts';
import { Deadline } from '../../webhooks/deadline.ts';
import { mutateMetadataServices } from '../../webhooks/mutating/metadataservices.ts';
import { mutateOpenBaoClusters } from '../../webhooks/mutating/openbaoclusters.ts';
import { mutatePods } from '../../webhooks/mutating/pods.ts';
import type { Route, RouteContext } from '../../webhooks/route.ts';
import { validateMetadataServices } from '../../webhooks/validating/metadataservices.ts';
import { validateOpenBaoClusters } from '../../webhooks/validating/openbaoclusters.ts';
import { validatePods } from '../../webhooks/validating/pods.ts';
import { inFolder, run } from './transcript.ts';

/** One request, told once; the gate gets it as an AdmissionReview, `review` as files and options. */
interface Case {
  readonly object: object;
  readonly oldObject?: object;
  readonly operation?: 'DELETE';
  readonly volumes?: readonly object[];
  readonly pods?: readonly object[];
  /** A cluster of the pod's name that exists. */
  readonly cluster?: object;
  readonly user?: UserInfo;
  readonly verbs?: readonly Verb[];
  readonly trustedControllers?: readonly string[];
  readonly enforce?: 'deny' | 'warn';
  readonly namespaceWarns?: boolean;
  /** What both must say; so that the two cannot agree on nothing. */
  readonly expected: readonly string[] | 'allowed' | 'warned';
}

const namespace = 'bao';
const cluster = (spec: object, more: { status?: object; metadata?: object } = {}): object => ({
  apiVersion: 'openbao.org/v1alpha1',
  kind: 'OpenBaoCluster',
  metadata: { name: 'prod', namespace, uid: 'u-1', ...more.metadata },
  spec,
  ...(more.status === undefined ? {} : { status: more.status }),
});
const labelled = { labels: { 'openbao.org/cluster': 'prod' } };
const pod = (more: { metadata?: object; spec?: object; status?: object } = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  ...more,
  metadata: { name: 'prod-0', namespace, ...labelled, ...more.metadata },
});
const record = (version: string, status: string) => ({
  version,
  strategy: 'blue',
  storageTag: '1.0',
  schemaTag: '1.0',
  timestamp: '2026-01-02T03:04:05Z',
  status,
});
const services = (annotations: object, releaseHistory?: readonly object[]): object => ({
  apiVersion: 'e6data.io/v1alpha1',
  kind: 'MetadataServices',
  metadata: { name: 'prod', namespace, uid: 'u-2', annotations },
  spec: { storage: { imageTag: '1.1' }, schema: { imageTag: '1.1' } },
  ...(releaseHistory === undefined
    ? {}
    : { status: { releaseHistory, activeReleaseVersion: 'v20260102-030405-abcdef1' } }),
});
const served = [record('v20260102-030405-abcdef1', 'Active'), record('v20260102-040506-abcdef2', 'Failed')];
const backTo = (version: string) => ({ 'e6data.io/rollback-to': version });
const maintained = { annotations: { 'openbao.org/maintenance': 'true' } };
const claim = (annotations: object): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data-prod-0', namespace, ...labelled, annotations },
});
const ran = (image: string): object =>
  pod({
    spec: { containers: [{ name: 'openbao', image }] },
    status: { containerStatuses: [{ name: 'openbao', restartCount: 1 }] },
  });
const broken = {
  currentVersion: '2.5.5',
  breakGlass: { active: true, nonce: 'now', reason: 'RollbackFailed', history: [{ nonce: 'before' }] },
};
const jane: UserInfo = { username: 'jane', groups: ['developers'] };
const asked = { annotations: { 'rollguard.io/requested-by': 'mallory' } };

/**
 * Both run the same routes; what can differ is the request that `review` makes of files and options, the facts
 * that it finds in them, and who is asked in which order. What each rule says is tested beside the rule.
 */
const cases: Readonly<Record<string, Case>> = {
  'a new cluster': { object: cluster({ version: '2.5.5' }), expected: 'allowed' },
  'no version, as before': {
    object: cluster({ version: 'latest' }),
    oldObject: cluster({ version: 'latest' }),
    expected: 'warned',
  },
  'a target taken back after a pod ran it': {
    object: cluster({ version: '2.5.4' }),
    oldObject: cluster({ version: '2.5.5' }, { status: { currentVersion: '2.5.4' } }),
    pods: [ran('openbao/openbao:2.5.5')],
    expected: ['DowngradeBlocked'],
  },
  'below the stamp on a volume': {
    object: cluster({ version: '2.5.4' }),
    volumes: [claim({ 'rollguard.io/openbao-version': '2.5.5' })],
    expected: ['DowngradeBlocked'],
  },
  'volumes that nobody asks for, because the version stays': {
    object: cluster({ version: '2.5.4', paused: true }),
    oldObject: cluster({ version: '2.5.4' }),
    volumes: [claim({ 'rollguard.io/openbao-version': '2.5.5' })],
    expected: 'allowed',
  },
  'everything at once': {
    object: cluster({
      version: '2.4',
      image: 'a b',
      breakGlassAck: 'before',
      maintenance: { enabled: true },
    }),
    oldObject: cluster({ version: '2.5.5' }, { status: broken }),
    user: jane,
    expected: [
      'InvalidVersion',
      'InvalidImageReference',
      'StaleNonce',
      'OperationInProgress',
      'PermissionRequired',
    ],
  },
  'the current nonce': {
    object: cluster({ version: '2.5.5', breakGlassAck: 'now' }),
    oldObject: cluster({ version: '2.5.5' }, { status: broken }),
    user: jane,
    verbs: ['acknowledge'],
    expected: 'allowed',
  },
  'the current nonce, without the verb': {
    object: cluster({ version: '2.5.5', breakGlassAck: 'now' }),
    oldObject: cluster({ version: '2.5.5' }, { status: broken }),
    user: jane,
    verbs: ['maintenance'],
    expected: ['PermissionRequired'],
  },
  'maintenance, by one who may do everything': {
    object: cluster({ version: '2.5.5', maintenance: { enabled: true } }),
    user: { username: 'root', groups: ['system:masters'] },
    verbs: ['maintenance', 'acknowledge'],
    expected: 'allowed',
  },
  'maintenance, and a name that is not the caller': {
    object: cluster({ version: '2.5.5', maintenance: { enabled: true } }, { metadata: asked }),
    user: jane,
    verbs: ['maintenance'],
    expected: 'allowed',
  },
  'a name beside nothing': {
    object: cluster({ version: '2.5.5' }, { metadata: asked }),
    oldObject: cluster({ version: '2.5.5' }, { metadata: asked }),
    expected: 'allowed',
  },
  'a cluster that is being deleted': {
    object: cluster({ version: '1' }, { metadata: { deletionTimestamp: '2026-01-15T10:00:00Z' } }),
    oldObject: cluster({ version: '2.5.5' }, { metadata: { deletionTimestamp: '2026-01-15T10:00:00Z' } }),
    expected: 'allowed',
  },
  'a refusal where the gate only warns': {
    object: cluster({ version: 'latest' }),
    enforce: 'warn',
    expected: 'warned',
  },
  'a refusal where the namespace says warn': {
    object: cluster({ version: 'latest' }),
    namespaceWarns: true,
    expected: 'warned',
  },
  'a cluster deleted': { object: cluster({ version: '2.5.5' }), operation: 'DELETE', expected: 'allowed' },
  'a cluster deleted with its volumes': {
    object: cluster({ version: '2.5.5', deletionPolicy: 'DeletePVCs' }),
    operation: 'DELETE',
    user: jane,
    expected: ['DeletionNotConfirmed'],
  },
  'a cluster deleted with its namespace': {
    object: cluster({ version: '2.5.5', deletionPolicy: 'DeleteAll' }),
    operation: 'DELETE',
    user: { username: 'system:serviceaccount:kube-system:namespace-controller' },
    expected: 'allowed',
  },
  'a cluster deleted by a trusted controller': {
    object: cluster({ version: '2.5.5', deletionPolicy: 'DeleteAll' }),
    operation: 'DELETE',
    user: { username: 'system:serviceaccount:bao:operator' },
    trustedControllers: ['system:serviceaccount:bao:operator'],
    expected: 'allowed',
  },
  'a cluster deleted where the gate only warns': {
    object: cluster({ version: '2.5.5', deletionPolicy: 'DeleteAll' }),
    operation: 'DELETE',
    namespaceWarns: true,
    expected: 'warned',
  },
  'a pod deleted': {
    object: pod(),
    operation: 'DELETE',
    user: jane,
    expected: ['MaintenanceRequired', 'PermissionRequired'],
  },
  'a pod deleted in maintenance, with the verb': {
    object: pod({ metadata: maintained }),
    operation: 'DELETE',
    user: jane,
    verbs: ['maintenance'],
    expected: 'allowed',
  },
  'a pod of nobody deleted': {
    object: pod({ metadata: { labels: { app: 'web' } } }),
    operation: 'DELETE',
    user: jane,
    expected: 'allowed',
  },
  'a pod deleted by a trusted controller': {
    object: pod(),
    operation: 'DELETE',
    user: { username: 'system:serviceaccount:bao:operator' },
    trustedControllers: ['system:serviceaccount:bao:operator'],
    expected: 'allowed',
  },
  'a pod created in maintenance': {
    object: pod(),
    cluster: cluster({ version: '2.5.5', maintenance: { enabled: true } }),
    expected: 'allowed',
  },
  'a pod created out of maintenance': {
    object: pod(),
    cluster: cluster({ version: '2.5.5' }),
    expected: 'allowed',
  },
  'new metadata services': { object: services({}), expected: 'allowed' },
  'a rollback to what failed': {
    object: services(backTo('v20260102-040506-abcdef2'), served),
    oldObject: services({}, served),
    user: jane,
    verbs: ['rollback'],
    expected: 'warned',
  },
  'a rollback where nothing served, by somebody who may not': {
    object: services(backTo('v20260102-040506-abcdef2'), served.slice(1)),
    oldObject: services({}, served.slice(1)),
    user: jane,
    expected: ['PermissionRequired', 'NoGoodRelease'],
  },
};

/** What both sides are compared by. */
interface Answer {
  readonly allowed: boolean;
  readonly reasons: readonly string[];
  readonly text: string;
  readonly warnings: readonly string[];
  readonly patch: readonly Operation[];
}

describe('rollguard review and the gate', () => {
  for (const [name, each] of Object.entries(cases)) {
    it(`answer alike: ${name}`, async () => {
      const gate = await askGate(each);
      expect(await askReview(each)).to.deep.equal(gate);
      const said = gate.allowed ? (gate.warnings.length > 0 ? 'warned' : 'allowed') : gate.reasons;
      expect(said).to.deep.equal(each.expected);
    });
  }

  it('make a patch in some cases, and none in others', async () => {
    const patches = await Promise.all(
      Object.values(cases).map(async (each) => (await askGate(each)).patch.length > 0),
    );
    expect(new Set(patches)).to.deep.equal(new Set([true, false]));
  });
});

async function askGate(each: Case): Promise<Answer> {
  const context: RouteContext = {
    facts: factsOf(each),
    trustedControllers: each.trustedControllers ?? [],
    enforce: each.enforce ?? 'deny',
  };
  const { object } = each;
  const { mutating, validating } = routesOf((object as { kind: string }).kind, each.operation);
  const mutated = mutating === undefined ? undefined : await ask(mutating, each, object, context);
  const patch =
    mutated?.patch === undefined
      ? []
      : (JSON.parse(Buffer.from(mutated.patch, 'base64').toString()) as Operation[]);
  const patched = jsonpatch.applyPatch(structuredClone(object), patch).newDocument;
  const answered =
    validating === undefined ? { allowed: true } : await ask(validating, each, patched, context);
  return {
    allowed: answered.allowed,
    // Where denials only warn, the audit log has reasons too.
    reasons: answered.allowed ? [] : (answered.auditAnnotations?.['reasons'] ?? '').split(','),
    text: answered.status?.message ?? '',
    warnings: answered.warnings ?? [],
    patch,
  };
}

/** As `manifests/` registers them: pods are mutated on CREATE and judged on DELETE. */
function routesOf(
  kind: string,
  operation: Case['operation'],
): { readonly mutating?: Route; readonly validating?: Route } {
  if (kind === 'OpenBaoCluster')
    return {
      ...(operation === 'DELETE' ? {} : { mutating: mutateOpenBaoClusters }),
      validating: validateOpenBaoClusters,
    };
  if (kind === 'MetadataServices')
    return { mutating: mutateMetadataServices, validating: validateMetadataServices };
  return operation === 'DELETE' ? { validating: validatePods } : { mutating: mutatePods };
}

const resourcesByKind: Readonly<Record<string, readonly [group: string, version: string, resource: string]>> =
  {
    Pod: ['', 'v1', 'pods'],
    OpenBaoCluster: ['openbao.org', 'v1alpha1', 'openbaoclusters'],
    MetadataServices: ['e6data.io', 'v1alpha1', 'metadataservices'],
  };

function ask(
  route: Route,
  { oldObject, operation, user }: Case,
  object: object,
  context: RouteContext,
): Promise<Partial<AdmissionResponse> & { allowed: boolean }> {
  const { kind } = object as { kind: string };
  const [group, version, resource] = resourcesByKind[kind]!;
  const request: AdmissionRequest = {
    uid: 'r-1',
    kind: { group, version, kind },
    resource: { group, version, resource },
    namespace,
    operation: operation ?? (oldObject === undefined ? 'CREATE' : 'UPDATE'),
    userInfo: user ?? {},
    ...(operation === 'DELETE' ? { oldObject: object } : { object, ...(oldObject && { oldObject }) }),
  };
  const deadline = new Deadline(1_000);
  return answer(route, request, context, deadline).finally(() => deadline.clear());
}

function factsOf({
  volumes = [],
  pods = [],
  cluster: existing,
  verbs = [],
  user,
  namespaceWarns,
}: Case): AdmissionFacts {
  const inMaintenance = existing !== undefined && maintenanceEnabled(parseOpenBaoCluster(existing));
  return {
    pod: async () => known(undefined),
    volumes: async () => known(volumes.map(parsePersistentVolumeClaim)),
    pods: async () => known(pods.map(parsePod)),
    // Nobody is asked about nobody: without a user `review` does not judge verbs.
    holdsVerb: async (_user, verb) => known(user === undefined || verbs.includes(verb)),
    mayActAs: async () => ({ kind: 'not-judged' }),
    inMaintenance: async () => known(inMaintenance),
    warnsOnly: async () => known(namespaceWarns ?? false),
  };
}

async function askReview(each: Case): Promise<Answer> {
  const {
    object,
    oldObject,
    operation,
    volumes = [],
    pods = [],
    user,
    verbs = [],
    trustedControllers = [],
  } = each;
  const label = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'rollguard.io/enforce': 'warn' } },
  };
  const state = [...volumes, ...pods, each.cluster, each.namespaceWarns ? label : undefined].filter(Boolean);
  const files = new Map([
    ['change.json', JSON.stringify(object)],
    [
      'old.json',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: operation === 'DELETE' ? [object] : [oldObject].filter(Boolean),
      }),
    ],
    ['state.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: state })],
  ]);
  const words = [
    'rollguard review -f change.json --old old.json --state state.json -o json',
    ...(operation === undefined ? [] : [`--operation ${operation}`]),
    ...(user === undefined ? [] : [`--as ${user.username}`]),
    ...(user?.groups ?? []).map((group) => `--as-group ${group}`),
    // Whoever is in system:masters needs no --can.
    ...(user?.groups?.includes('system:masters') ? [] : verbs.map((verb) => `--can ${verb}`)),
    ...trustedControllers.map((name) => `--trusted-controller ${name}`),
    ...(each.enforce === undefined ? [] : [`--enforce ${each.enforce}`]),
  ];
  const { code, stdout, stderr } = await inFolder(files, () => run(words.join(' ')));
  expect(code, stderr).to.be.oneOf([0, 1]);
  const { allowed, results } = JSON.parse(stdout) as {
    allowed: boolean;
    results: { violations: Omit<Violation, 'kind'>[]; warnings: string[]; patch: Operation[] }[];
  };
  expect(results).to.have.length(1);
  const [{ violations, warnings, patch } = { violations: [], warnings: [], patch: [] }] = results;
  return {
    allowed,
    reasons: [...new Set(violations.map(({ reason }) => reason))],
    text: denialText(violations.map((violation) => ({ kind: 'violation', ...violation }))),
    // The gate breaks them into lines.
    warnings: warnings.flatMap(wrap),
    patch,
  };
}
