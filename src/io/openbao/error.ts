import { visible } from '../../core/model/printable.ts';

/**
 * Why a call to OpenBao did not do what it should (docs/facts/openbao-measured.md, sections 4 and 8).
 *
 * No connection: `Refused` (nothing listens), `Unresolved` (no such name), `Unreachable` (no way there),
 * `Certificate` (not trusted, another name, or no TLS at all). The call has not arrived.
 *
 * No answer: `Reset` (the connection broke) and `Timeout`. The call may have arrived.
 *
 * An answer: `WrongNode` (a redirect, which is never followed), `Sealed` (also before the first
 * initialization), `NoLeader` (a standby that knows no active node), `Forbidden`, `Invalid` (400),
 * `NotFound`, `Quota` (429, which says "standby" on sys/health alone), `TooLarge`, `Malformed`, and `Server` for
 * everything else.
 */
type OpenBaoReason =
  | 'Refused'
  | 'Unresolved'
  | 'Unreachable'
  | 'Certificate'
  | 'Reset'
  | 'Timeout'
  | 'WrongNode'
  | 'Sealed'
  | 'NoLeader'
  | 'Forbidden'
  | 'Invalid'
  | 'NotFound'
  | 'Quota'
  | 'TooLarge'
  | 'Malformed'
  | 'Server';

/** A call to one OpenBao server failed. `message` names pod, call and what was said; never a token. */
export class OpenBaoError extends Error {
  readonly code = 'OPENBAO_ERROR';
  readonly reason: OpenBaoReason;
  /** The pod that was asked. */
  readonly pod: string;
  /** HTTP status; 0 when no whole answer came. */
  readonly status: number;

  constructor(
    message: string,
    { reason, pod, status = 0 }: { reason: OpenBaoReason; pod: string; status?: number },
    options?: ErrorOptions,
  ) {
    super(`${pod}: ${message}`, options);
    this.name = 'OpenBaoError';
    this.reason = reason;
    this.pod = pod;
    this.status = status;
  }
}

/** Why a connection or a transfer failed, by the codes of Node.js and undici. */
export function networkReason(error: unknown): OpenBaoReason {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const known = networkReasons.get(code);
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'Malformed';
  if (/CERT|TLS|SSL|ISSUER|SIGNED|EPROTO/.test(code)) return 'Certificate';
  return 'Unreachable';
}

const networkReasons = new Map<string, OpenBaoReason>([
  ['ECONNREFUSED', 'Refused'],
  ['ENOTFOUND', 'Unresolved'],
  ['EAI_AGAIN', 'Unresolved'],
  ['ECONNRESET', 'Reset'],
  ['EPIPE', 'Reset'],
  ['UND_ERR_SOCKET', 'Reset'],
  ['UND_ERR_CONNECT_TIMEOUT', 'Timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'Timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'Timeout'],
  ['ETIMEDOUT', 'Timeout'],
]);

/** What an answer that is no success means. */
export function answerReason(status: number, text: string): OpenBaoReason {
  if (status >= 300 && status < 400) return 'WrongNode';
  if (status === 403) return 'Forbidden';
  if (status === 400) return 'Invalid';
  if (status === 404) return 'NotFound';
  if (status === 429) return 'Quota';
  if (/\bis sealed\b|not (?:yet )?initialized/.test(text)) return 'Sealed';
  if (/active cluster node not found|no active \w+ instance/.test(text)) return 'NoLeader';
  return 'Server';
}

/** `errors` of an answer, or its first words, without what cannot be seen and without the secrets given. */
export function saidIn(text: string, secrets: readonly string[]): string {
  let said = text;
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    if (Array.isArray(errors)) said = errors.map(String).join('; ');
  } catch {
    // A proxy's page, or nothing.
  }
  const spoken = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), said);
  const line = spoken.slice(0, 500).replaceAll(/\s+/g, ' ').trim().slice(0, 300);
  return visible(line);
}
