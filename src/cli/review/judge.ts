import jsonpatch, { type Operation as PatchOperation } from 'fast-json-patch';
import type { AdmissionRequest } from '../../api/admission-review.ts';
import type { UserInfo } from '../../api/kubernetes.ts';
import { e6dataGroup, openbaoGroup, requestedByAnnotation, type Verb } from '../../api/labels.ts';
import { defined } from '../../api/object-fields.ts';
import { allow, type Decision, type Violation } from '../../core/policies/policy.ts';
import type { Path } from '../manifests/document.ts';
import { Deadline } from '../../../webhooks/deadline.ts';
import { enforce } from '../../../webhooks/enforcement.ts';
import {
  isInScope,
  type MutatingRoute,
  type RouteContext,
  type ValidatingRoute,
} from '../../../webhooks/route.ts';
import { routes } from '../../../webhooks/routes.ts';
import { inventoryFacts, type Asked } from './facts.ts';
import type { Inventory } from './inventory.ts';
import type { Invalid } from './schema.ts';
import type { Subject } from './subject.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** Who sends the requests, and what the gate would be told about it. */
export interface Caller {
  /** Without a username nobody is named: verbs are not judged. */
  readonly user: UserInfo;
  /** The verbs that the user holds, on every object. */
  readonly verbs: readonly Verb[];
  readonly trustedControllers: readonly string[];
  readonly enforce: 'deny' | 'warn';
}

/** Why something is refused: a rule of the gate, or what the API server asks before it (`Invalid`). */
export interface Refusal extends Omit<Violation, 'kind' | 'reason'> {
  readonly reason: Violation['reason'] | 'Invalid';
  /** The place in the file, where `path` cannot tell it. */
  readonly place?: Pick<Invalid, 'path' | 'isKey'>;
}

/** What would be answered. */
export interface Verdict extends Asked {
  readonly decision: Omit<Decision, 'violations'> & { readonly violations: readonly Refusal[] };
  /** What the mutating webhook would add. */
  readonly patch: readonly PatchOperation[];
  /** The object with the patch. */
  readonly after?: Subject;
  /** Whether there are rules for such a request. */
  readonly judged: boolean;
}

/** What the API server would answer before it asks the gate. */
export const refusedBefore = (places: readonly Invalid[]): Verdict => ({
  decision: {
    allowed: false,
    violations: places.map(({ path, what, remedy, isKey }) => ({
      reason: 'Invalid',
      message: `${pathText(path)} ${what}`,
      remedy,
      path: pathText(path),
      place: { path, isKey },
    })),
    warnings: [],
  },
  patch: [],
  judged: true,
  needs: [],
});

/** `spec.a[0].b`, and `metadata.labels[a.b/c]` for a key that is no word. */
const pathText = (path: Path): string =>
  path
    .map((step) => (typeof step === 'string' && /^[\w-]+$/.test(step) ? `.${step}` : `[${step}]`))
    .join('')
    .replace(/^\./, '');

/** The resource of each kind that the gate has routes for. */
const resources: Partial<Record<Subject['type'], { readonly group: string; readonly resource: string }>> = {
  cluster: { group: openbaoGroup, resource: 'openbaoclusters' },
  services: { group: e6dataGroup, resource: 'metadataservices' },
  pod: { group: '', resource: 'pods' },
  volume: { group: '', resource: 'persistentvolumeclaims' },
};

/** Files are read already: nothing is waited for. */
const patienceMs = 10_000;

/**
 * What the live gate would answer to one request: its own routes, with the inventory for their facts,
 * first the mutating one, then the validating one.
 *
 * @param subject as requested; of a DELETE, as stored
 * @param stored as stored; absent on CREATE
 */
export async function judge(
  operation: Operation,
  subject: Subject,
  stored: Subject | undefined,
  inventory: Inventory,
  caller: Caller,
): Promise<Verdict> {
  const asked: Asked = { needs: [] };
  const request = requestOf(operation, subject, stored, caller.user);
  const { mutating, validating } = routesFor(request);
  const context: RouteContext = {
    facts: inventoryFacts(inventory, caller.user, caller.verbs, asked),
    trustedControllers: caller.trustedControllers,
    enforce: caller.enforce,
  };
  const deadline = new Deadline(patienceMs);
  try {
    const { before, after } =
      mutating === undefined
        ? { before: subject.object, after: subject.object }
        : await mutated(mutating, request, context, deadline);
    const goesOn = operation === 'DELETE' ? request : { ...request, object: after };
    const decision = await decided(validating, goesOn, context, deadline);
    return {
      ...asked,
      decision,
      patch: before === after ? [] : jsonpatch.compare(before, after),
      after: { ...subject, object: after } as Subject,
      judged: mutating !== undefined || validating !== undefined,
    };
  } finally {
    deadline.clear();
  }
}

/** The request as an API server would send it. */
function requestOf(
  operation: Operation,
  { type, object }: Subject,
  stored: Subject | undefined,
  user: UserInfo,
): AdmissionRequest {
  const { group, resource } = resources[type] ?? { group: '', resource: '' };
  const { namespace, name } = object.metadata as { readonly namespace?: string; readonly name?: string };
  return {
    uid: 'review',
    kind: { group, version: '', kind: type },
    resource: { group, version: '', resource },
    ...defined({ namespace, name }),
    operation,
    userInfo: user,
    ...(operation === 'DELETE' ? { oldObject: object } : { object }),
    ...(operation === 'UPDATE' && stored !== undefined ? { oldObject: stored.object } : {}),
  };
}

function routesFor(request: AdmissionRequest): {
  readonly mutating?: MutatingRoute;
  readonly validating?: ValidatingRoute;
} {
  const found = routes.filter(({ scope }) => isInScope(request, scope));
  const mutating = found.find((route) => route.kind === 'mutating');
  const validating = found.find((route) => route.kind === 'validating');
  return {
    ...defined({ mutating, validating }),
  };
}

/** Without `--as` nobody knows yet whose name will be written there, so none is. */
async function mutated(
  route: MutatingRoute,
  request: AdmissionRequest,
  context: RouteContext,
  deadline: Deadline,
): Promise<{ readonly before: object; readonly after: object }> {
  const { before, after } = await route.mutate(request, context, deadline);
  if (request.userInfo.username !== undefined) return { before, after };
  const { metadata } = after as { readonly metadata?: { readonly annotations?: Record<string, string> } };
  const namesNobody = metadata?.annotations?.[requestedByAnnotation] === '';
  return { before, after: namesNobody ? before : after };
}

async function decided(
  route: ValidatingRoute | undefined,
  request: AdmissionRequest,
  context: RouteContext,
  deadline: Deadline,
): Promise<Decision> {
  if (route === undefined) return allow;
  const decision = await route.decide(request, context, deadline);
  return (await enforce(decision, request.namespace, context, deadline)).decision;
}
