/** A request to a node's API. */
export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'LIST';
  /** With `/v1/` and without the query, such as `/v1/sys/health`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly token?: string | undefined;
  /** A parsed JSON body, or the bytes of a snapshot. */
  readonly body?: unknown;
}

/** An answer; without a body for 204. */
export interface Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>> | Uint8Array;
}

/** No answer: the connection is refused, or the request hangs (ask again when time has passed). */
export interface NoAnswer {
  readonly status: 0;
  readonly why: 'refused' | 'hangs';
}

export type Answer = Response | NoAnswer;

export const refused: NoAnswer = { status: 0, why: 'refused' };
export const hangs: NoAnswer = { status: 0, why: 'hangs' };
export const noContent: Response = { status: 204 };

export function json(status: number, body: Readonly<Record<string, unknown>>): Response {
  return { status, body };
}

/** OpenBao's form of an error. */
export function errors(status: number, ...messages: readonly string[]): Response {
  return { status, body: { errors: messages } };
}

/** The form in which OpenBao wraps what a backend says. */
export function wrapped(status: number, message: string): Response {
  return errors(status, `1 error occurred:\n\t* ${message}\n\n`);
}

/** OpenBao's envelope of data. */
export function data(
  body: unknown,
  more: Readonly<Record<string, unknown>> = {},
): Omit<Response, 'body'> & {
  readonly body: Readonly<Record<string, unknown>>;
} {
  const fields = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
  return {
    status: 200,
    body: {
      request_id: '00000000-0000-0000-0000-000000000000',
      lease_id: '',
      renewable: false,
      lease_duration: 0,
      data: fields,
      wrap_info: null,
      warnings: null,
      auth: null,
      ...more,
    },
  };
}
