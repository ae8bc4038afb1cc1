import { reasons } from '../../api/reasons.ts';
import type { Manifest } from '../manifests/manifest.ts';
import type { Problem } from '../manifests/problem.ts';
import { visible, type Paint } from '../terminal.ts';
import type { Operation, Refusal, Verdict } from './judge.ts';

/** One object and what became of it. */
export interface Reviewed {
  readonly manifest: Manifest;
  readonly operation: Operation;
  /** Whether the object is one of those that exist. */
  readonly isStored: boolean;
  readonly verdict: Verdict;
}

export const allAllowed = (reviewed: readonly Reviewed[]): boolean =>
  reviewed.every(({ verdict }) => verdict.decision.allowed);

/** For programs. The shape is a contract: test/cli/review-result.ts holds its schema. */
export function toJson(reviewed: readonly Reviewed[]): string {
  const results = reviewed.map(({ manifest, operation, verdict }) => ({
    object: {
      apiVersion: manifest.apiVersion,
      kind: manifest.kind,
      namespace: manifest.namespace,
      name: manifest.name || manifest.generateName,
    },
    operation,
    allowed: verdict.decision.allowed,
    violations: verdict.decision.violations.map((refusal) => ({
      reason: refusal.reason,
      message: refusal.message,
      remedy: refusal.remedy,
      path: refusal.path,
      at: placeOf(refusal, manifest),
    })),
    warnings: verdict.decision.warnings,
    patch: verdict.patch,
  }));
  return `${JSON.stringify({ allowed: allAllowed(reviewed), results }, null, 2)}\n`;
}

/** For people: what, why, what to do now. */
export function toText(reviewed: readonly Reviewed[], paint: Paint): string {
  const judged = reviewed.filter(({ verdict }) => verdict.judged);
  const refused = judged.filter(({ verdict }) => !verdict.decision.allowed);
  const counts = [`${judged.length - refused.length} allowed`, `${refused.length} refused`];
  const others = reviewed.length - judged.length;
  if (others > 0) counts.push(`${others} not judged (Rollguard has no rule for them)`);
  return `${[...judged.flatMap((each) => lines(each, paint)), counts.join(', ')].join('\n')}\n`;
}

function lines({ manifest, operation, verdict }: Reviewed, paint: Paint): readonly string[] {
  const { allowed, violations, warnings } = verdict.decision;
  const { namespace, name, generateName } = manifest;
  const path = [namespace, name || `${generateName}…`].filter(Boolean).join('/');
  const subject = visible(`${manifest.kind.toLowerCase()} ${path} ${operation}`);
  const first = allowed
    ? `${paint('green', '✓')} ${subject} ${paint('green', 'allowed')}`
    : `${paint('red', '✗')} ${subject} ${paint('red', 'refused')}`;
  return [
    first,
    ...violations.flatMap((violation) => violationLines(violation, manifest, paint)),
    ...warnings.map((warning) => `  ${paint('yellow', '!')} ${visible(warning)}`),
  ];
}

function violationLines(refusal: Refusal, manifest: Manifest, paint: Paint): readonly string[] {
  const { reason, message, remedy, path } = refusal;
  const place = placeOf(refusal, manifest);
  // Of a DELETE it says what is done, not a field.
  const field = path.includes(' ') && reason !== 'Invalid' ? '' : ` at ${visible(path)}`;
  return [
    `  ${paint('bold', reason)}${field} ${paint('dim', `(${visible(place)})`)}`,
    `    what: ${visible(message)}`,
    `    why:  ${reason === 'Invalid' ? invalid : reasons[reason].meaning}`,
    `    now:  ${visible(remedy)}`,
  ];
}

const invalid =
  'the CustomResourceDefinition does not allow it, so the API server refuses it before it asks the gate';

const placeOf = ({ path, place }: Refusal, { at }: Manifest): string =>
  place === undefined ? at(steps(path)) : at(place.path, place.isKey ? 'key' : 'value');

/** `metadata.annotations[openbao.org/maintenance]` as steps. */
function steps(path: string): readonly string[] {
  const [dotted = '', key] = path.split(/[[\]]/);
  return [...dotted.split('.'), ...(key === undefined ? [] : [key])];
}

/** What cannot be used, as compilers say it: a place that editors can jump to, then what, then what to do. */
export function problemText({ where, what, remedy }: Problem, paint: Paint): string {
  return `${paint('bold', visible(where))}: ${paint('red', 'error:')} ${visible(what)}; ${visible(remedy)}\n`;
}
