import type { AdmissionRequest } from '../src/api/admission-review.ts';
import { SchemaViolation } from '../src/api/parse.ts';
import type { Decision } from '../src/core/policies/policy.ts';
import type { AdmissionFacts } from '../src/io/kubernetes/admission-facts.ts';
import { BadReview } from './admission-review.ts';
import type { Deadline } from './deadline.ts';

/** What every route works with. */
export interface RouteContext {
  readonly facts: AdmissionFacts;
  /** User names of the controllers that own the guarded clusters. */
  readonly trustedControllers: readonly string[];
  /** `warn`: denials become warnings everywhere; `deny`: they are denials, but for namespaces labelled otherwise. */
  readonly enforce: 'deny' | 'warn';
}

/** One webhook: a path, and what it makes of a request. `rollguard review` asks the same routes. */
export type Route = ValidatingRoute | MutatingRoute;

interface RouteBase {
  readonly path: string;
  readonly scope: Scope;
}

export interface ValidatingRoute extends RouteBase {
  readonly kind: 'validating';
  /**
   * What the rules say, before enforcement is looked at. The request is within `scope`.
   *
   * @throws BadReview
   */
  readonly decide: (
    request: AdmissionRequest,
    context: RouteContext,
    deadline: Deadline,
  ) => Promise<Decision>;
}

export interface MutatingRoute extends RouteBase {
  readonly kind: 'mutating';
  /**
   * The object of a request as it came, and as it goes on; the same one where nothing is to change.
   *
   * @throws BadReview
   */
  readonly mutate: (
    request: AdmissionRequest,
    context: RouteContext,
    deadline: Deadline,
  ) => Promise<Mutation>;
}

interface Mutation {
  readonly before: object;
  readonly after: object;
}

/** What a route is registered for in the webhook configurations. */
export interface Scope {
  readonly group: string;
  readonly resource: string;
  /** '' is the resource itself, which alone is meant where this is left out. */
  readonly subResources?: readonly string[];
  readonly operations: readonly AdmissionRequest['operation'][];
}

/** Whether a webhook configuration sends the request to a route of this scope. */
export const isInScope = (
  { resource, subResource = '', operation }: Pick<AdmissionRequest, 'resource' | 'subResource' | 'operation'>,
  scope: Scope,
): boolean =>
  resource.group === scope.group &&
  resource.resource === scope.resource &&
  subResourcesOf(scope).includes(subResource) &&
  scope.operations.includes(operation);

const subResourcesOf = ({ subResources = [''] }: Scope): readonly string[] => subResources;

const inWords = ({ resource, group }: { readonly resource: string; readonly group: string }, part: string) =>
  `${[resource, group].filter(Boolean).join('.')}${part && `/${part}`}`;

/**
 * A webhook configuration that sends what the route does not judge is a mistake, and says so.
 *
 * @throws BadReview
 */
export function assertScope(request: AdmissionRequest, scope: Scope): void {
  const { resource, subResource = '', operation } = request;
  if (!isInScope(request, scope)) {
    const judged = subResourcesOf(scope).map((part) => inWords(scope, part));
    throw new BadReview(
      `this webhook judges ${scope.operations.join(', ')} of ${judged.join(' and ')}, not ${operation} ${inWords(resource, subResource)}; correct the rules of the webhook configuration`,
    );
  }
}

/**
 * Reads one of the objects of a request.
 *
 * @param field how the message calls it
 * @throws BadReview where it is null, absent or of another shape
 */
export function required<T>(
  field: 'object' | 'oldObject',
  request: AdmissionRequest,
  parse: (input: unknown) => T,
): T {
  const value = request[field];
  if (value === null || value === undefined) {
    throw new BadReview(
      `request.${field} is ${value === null ? 'null' : 'absent'}, but ${request.operation} must carry it`,
    );
  }
  try {
    return parse(value);
  } catch (error) {
    if (error instanceof SchemaViolation) {
      throw new BadReview(`request.${field}: ${error.message}`, 400, { cause: error });
    }
    throw error;
  }
}

/** Whether an object says that it is going. */
export function isTerminating(object: object | null | undefined): boolean {
  const metadata: unknown = object && 'metadata' in object ? object.metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('deletionTimestamp' in metadata)) return false;
  // Only a time: null must not be a way past the rules.
  return typeof metadata.deletionTimestamp === 'string';
}
