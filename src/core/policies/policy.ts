import { inWords, type Explanation, type Remedy } from '../model/explanation.ts';
import { verbs, type Verb } from '../../api/labels.ts';
import { reasonOrder, reasons, type Reason } from '../../api/reasons.ts';
import type { Known } from '../model/known.ts';

/** What is wrong, and what to do about it now. */
export interface Violation {
  readonly kind: 'violation';
  readonly reason: Reason;
  /** What is wrong, with the values seen; a sentence without its full stop. */
  readonly message: string;
  /** What the person can do now; a sentence without its full stop. */
  readonly remedy: string;
  /** The field it is about, for example `spec.version`. */
  readonly path: string;
}

/** Something worth knowing that refuses nothing. */
interface Warning {
  readonly kind: 'warning';
  readonly message: string;
}

export type Finding = Violation | Warning;

/** One rule. `Request` is what it judges together with the facts that were gathered for it. */
export interface Policy<Request> {
  /** Kebab-case, as its file is named. */
  readonly id: string;
  /**
   * Whether this request changes what the rule judges. Where it does not, a violation was there
   * before the request, and only warns (docs/design.md, rule 7).
   */
  readonly changes: (request: Request) => boolean;
  readonly evaluate: (request: Request) => readonly Finding[];
}

/** What all rules together say. Allowed exactly when there is no violation. */
export interface Decision {
  readonly allowed: boolean;
  /** In the order of `api/reasons.ts`. */
  readonly violations: readonly Violation[];
  readonly warnings: readonly string[];
}

/** May the caller do it? `not-judged` only where nobody asked (`review` without `--as`). */
export type Permission = Known<boolean> | { readonly kind: 'not-judged' };

/** The answer for each verb. */
export type Permissions = Readonly<Record<Verb, Permission>>;

export const permissionsBy = (answer: (verb: Verb) => Permission): Permissions =>
  Object.fromEntries(verbs.map((verb) => [verb, answer(verb)])) as Record<Verb, Permission>;

/** Where nobody asked. */
export const notJudged: Permissions = permissionsBy(() => ({ kind: 'not-judged' }));

export const allow: Decision = { allowed: true, violations: [], warnings: [] };

export const violation = (reason: Reason, path: string, message: string, remedy: string): Violation => ({
  kind: 'violation',
  reason,
  message,
  remedy,
  path,
});

export const warning = (message: string): Warning => ({ kind: 'warning', message });

/** Runs every rule, so that a person sees all that is wrong at once. */
export function decide<Request>(policies: readonly Policy<Request>[], request: Request): Decision {
  const violations: Violation[] = [];
  const warnings: string[] = [];
  for (const policy of policies) {
    const judged = policy.changes(request);
    for (const finding of policy.evaluate(request)) {
      if (finding.kind === 'warning') warnings.push(finding.message);
      else if (judged) violations.push(finding);
      else warnings.push(`${finding.reason}: ${finding.message}`);
    }
  }
  violations.sort((a, b) => reasonOrder.indexOf(a.reason) - reasonOrder.indexOf(b.reason));
  return { allowed: violations.length === 0, violations, warnings };
}

/**
 * What is refused also where the rest only warns: whoever may label a namespace, or try the gate out, gains no verb
 * that RBAC did not give them.
 */
const authority: ReadonlySet<Reason> = new Set<Reason>(['PermissionRequired']);

/** A decision whose violations only warn, but for those of authority: the gate under `--enforce=warn`. */
export function warnOnly(decision: Decision): Decision {
  const violations = decision.violations.filter(({ reason }) => authority.has(reason));
  const softened = decision.violations
    .filter(({ reason }) => !authority.has(reason))
    .map(({ reason, message }) => `${reason}: ${message} (not enforced)`);
  return {
    allowed: violations.length === 0,
    violations,
    warnings: [...softened, ...decision.warnings],
  };
}

/** One violation: what and why, and what to do now. */
export const explanationOf = ({ reason, message, remedy }: Violation): Explanation & Remedy => ({
  message: `${message}. Why: ${reasons[reason].meaning}`,
  remedy: `Now: ${remedy}`,
});

/** The same as sentences. */
export const explain = (each: Violation): string => `${inWords(explanationOf(each))}.`;

/** The text of a denial: one violation as it is, several numbered with their reasons. */
export function denialText(violations: readonly Violation[]): string {
  const [first, ...rest] = violations;
  if (first === undefined) return '';
  if (rest.length === 0) return explain(first);
  return violations
    .map((each, index) => `(${index + 1}/${violations.length}) ${each.reason}: ${explain(each)}`)
    .join(' ');
}
