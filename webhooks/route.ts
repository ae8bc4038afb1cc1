import type { AdmissionRequest, AdmissionResponse } from '../src/api/admission-review.ts';
import { SchemaViolation } from '../src/api/parse.ts';
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

/** One webhook: a path, and how a request to it is answered. */
export interface Route {
  readonly path: string;
  readonly kind: 'validating' | 'mutating';
  readonly answer: (
    request: AdmissionRequest,
    context: RouteContext,
    deadline: Deadline,
  ) => Promise<AdmissionResponse>;
}

/** What a route is registered for in the webhook configurations. */
export interface Scope {
  readonly group: string;
  readonly resource: string;
  readonly operations: readonly AdmissionRequest['operation'][];
}

/**
 * A webhook configuration that sends what the route does not judge is a mistake, and says so.
 *
 * @throws BadReview
 */
export function assertScope({ resource, subResource = '', operation }: AdmissionRequest, scope: Scope): void {
  const asked = `${operation} ${[resource.resource, resource.group].filter(Boolean).join('.')}${subResource && `/${subResource}`}`;
  if (
    resource.group !== scope.group ||
    resource.resource !== scope.resource ||
    subResource !== '' ||
    !scope.operations.includes(operation)
  ) {
    throw new BadReview(
      `this webhook judges ${scope.operations.join(', ')} of ${[scope.resource, scope.group].filter(Boolean).join('.')}, not ${asked}; correct the rules of the webhook configuration`,
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
