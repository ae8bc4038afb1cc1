import { isUtf8 } from 'node:buffer';
import jsonpatch from 'fast-json-patch';
import {
  parseAdmissionReview,
  type AdmissionRequest,
  type AdmissionResponse,
} from '../src/api/admission-review.ts';
import { SchemaViolation } from '../src/api/parse.ts';
import { reasons } from '../src/api/reasons.ts';
import { denialText, type Decision } from '../src/core/policies/policy.ts';

/** What came is no AdmissionReview that this route can judge. `message` says what is wrong with it. */
export class BadReview extends Error {
  readonly code = 'BAD_REVIEW';
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(message: string, status = 400, options?: ErrorOptions) {
    // It may quote names from the input, which may be of any length.
    super(message.slice(0, longestMessage), options);
    this.status = status;
  }
}

/** Characters: room for the five fields that a SchemaViolation names. */
const longestMessage = 500;

/** kubectl shows a warning on one line; the API server's own advice is at most 120 characters each. */
const longestWarning = 120;

/**
 * Reads the body of an admission call.
 *
 * @throws BadReview
 */
export function decodeReview(body: Buffer): AdmissionRequest {
  if (body.length === 0) throw new BadReview('the body is empty; an AdmissionReview is expected');
  if (!isUtf8(body)) throw new BadReview('the body is not UTF-8');
  const review = parseJson(body.toString('utf8'));
  try {
    return parseAdmissionReview(review).request;
  } catch (error) {
    if (error instanceof SchemaViolation) throw new BadReview(error.message, 400, { cause: error });
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 quotes the text it stumbles over, and the text may be anything: only its position is told.
    const position = /position (\d+)/.exec(String(error))?.[1];
    throw new BadReview(`the body is not JSON${position === undefined ? '' : ` (at character ${position})`}`);
  }
}

/** A validating answer. */
export function answerDecision(uid: string, { allowed, violations, warnings }: Decision): AdmissionResponse {
  const [first] = violations;
  return {
    uid,
    allowed,
    ...(first === undefined
      ? {}
      : {
          status: { code: reasons[first.reason].code, reason: first.reason, message: denialText(violations) },
        }),
    ...(warnings.length === 0 ? {} : { warnings: warnings.flatMap(wrap) }),
    ...(allowed ? {} : { auditAnnotations: auditOf('deny', { violations }) }),
  };
}

/** What the audit log says of violations: what became of them, and their reasons. */
export function auditOf(
  outcome: 'deny' | 'warn',
  { violations }: Pick<Decision, 'violations'>,
): Readonly<Record<string, string>> {
  const reasonsGiven = new Set(violations.map(({ reason }) => reason));
  return { decision: outcome, reasons: [...reasonsGiven].join(',') };
}

/** A mutating answer: what changed from `before` to `after`, as a JSON Patch; no patch where nothing did. */
export function answerMutation(uid: string, before: object, after: object): AdmissionResponse {
  // Shared subtrees are the same object, which compare() passes over, so the cost is that of the change.
  const patch = before === after ? [] : jsonpatch.compare(before, after);
  if (patch.length === 0) return { uid, allowed: true };
  return {
    uid,
    allowed: true,
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    patchType: 'JSONPatch',
  };
}

/** A review that could not be judged. Never allowed; the API server says `message` to the caller. */
export function answerBadReview(uid: string, message: string): AdmissionResponse {
  return { uid, allowed: false, status: { code: 400, reason: 'BadRequest', message } };
}

/**
 * A review that was not read to its end, and so was not judged. With its uid the API server says `message` to the caller;
 * 429 alone would be tried again by clients without a word (docs/facts/admission-measured.md, section 3).
 */
export function answerRefused(uid: string, { status, message }: BadReview): AdmissionResponse {
  const code = status === 413 ? 413 : 503;
  const reason = code === 413 ? 'RequestEntityTooLarge' : 'ServiceUnavailable';
  return { uid, allowed: false, status: { code, reason, message } };
}

/** Splits a warning into lines of at most 120 characters, between words where there are any. */
export function wrap(warning: string): string[] {
  const lines: string[] = [];
  let rest = warning.trim();
  while (rest.length > longestWarning) {
    const space = rest.lastIndexOf(' ', longestWarning);
    const end = space > 0 ? space : longestWarning;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest === '' ? lines : [...lines, rest];
}
