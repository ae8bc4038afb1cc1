import type { IncomingMessage } from 'node:http';
import { BadReview } from './admission-review.ts';
import { BallastFilter } from './ballast.ts';
import type { Deadline } from './deadline.ts';
import { Turns } from './turns.ts';

/**
 * Old and new object of at most 3 MiB each, plus the envelope: controller-runtime bounds
 * them at 7 MiB (pkg/webhook/admission/http.go), we leave one more.
 */
const maxBodyBytes = 8 * 1024 * 1024;
/** Bodies up to here are read as they come: reviews have 0.9 to 17 KB (docs/facts/admission-measured.md, section 3). */
const ordinaryBytes = 64 * 1024;
/** What may stay of a larger one without its ballast. */
const keptBytes = 1024 * 1024;
/** Bytes of all the reviews that are judged at a time: parsed, each can be 25 times as much. */
const judgedBytes = 2 * 1024 * 1024;
/** So much of a larger body has come before it gets a turn. */
const startBytes = 16 * 1024;
/** A larger body that nothing comes of for this long gives its turn away. */
const stallMs = 1_000;
/** And one that less comes of, in bytes a millisecond, after that time. */
const leastBytesPerMs = 512;
/** After this long at work on a larger body the others have their turn, for twice as long. */
const workMs = 0.5;
/** But no longer: where the machine is busy, it only seems to be long at work. */
const mostRestMs = 3;

/** Why a review was not read: the label of a metric. */
type Refusal = 'busy' | 'slow' | 'too_large';

/** What came, or did not come, of a body that was refused. */
export class Refused extends BadReview {
  readonly refusal: Refusal;
  /** Of the review, where it could be read so far. */
  readonly uid: string | undefined;

  constructor(refusal: Refusal, message: string, status: number, uid?: string) {
    super(message, status);
    this.refusal = refusal;
    this.uid = uid;
  }
}

/** A review's body, which counts as being judged until it is given back. */
export interface Body {
  readonly bytes: Buffer;
  readonly giveBack: () => void;
}

/**
 * Reads bodies within bounds: small ones as they come, larger ones one at a time, and of those only what rules read.
 * So how much is held does not depend on how many send, nor on what.
 */
export class Intake {
  readonly #larger = new Turns(1);
  readonly #judged = new Turns(judgedBytes);

  /**
   * @throws BadReview 400 when the body ends before its length
   * @throws Refused 413 as soon as it is known to be too large, 408 when it does not come in time, 429 when its turn
   * does not come in time
   */
  async read(request: IncomingMessage, deadline: Deadline): Promise<Body> {
    const length = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY);
    if (length > maxBodyBytes && length !== Number.POSITIVE_INFINITY)
      throw tooLarge('the body', maxBodyBytes);
    const bytes =
      length <= ordinaryBytes
        ? await whole(request, deadline)
        : await this.#inTurn(request, length, deadline);
    const giveBack = await this.#judged.take(bytes.length, bytes.length, deadline.remainingMs);
    if (giveBack === undefined) throw busy(uidIn(bytes));
    return { bytes, giveBack };
  }

  async #inTurn(request: IncomingMessage, length: number, deadline: Deadline): Promise<Buffer> {
    // Who sends slowly keeps nobody waiting.
    await startOf(request, deadline);
    const giveBack = await this.#larger.take(1, length, deadline.remainingMs);
    const start: unknown = giveBack === undefined ? request.read() : undefined;
    if (giveBack === undefined) throw busy(start instanceof Buffer ? uidIn(start) : undefined);
    try {
      return await withoutBallast(request, deadline);
    } finally {
      giveBack();
    }
  }
}

const tooLarge = (what: string, bytes: number, uid?: string) =>
  new Refused('too_large', `${what} is larger than ${bytes} bytes`, 413, uid);
const slow = (uid?: string) =>
  new Refused('slow', 'the body did not arrive in time; try again in a moment', 408, uid);
const busy = (uid?: string) =>
  new Refused(
    'busy',
    'the webhook is busy with other reviews and has not judged this one; try again in a moment',
    429,
    uid,
  );

/** The uid of a review whose body has come in part, as the API server writes it. */
function uidIn(start: Buffer): string | undefined {
  const text = start.toString('latin1', 0, 512);
  return /^\{"kind":"AdmissionReview","apiVersion":"[a-z0-9./]{1,64}","request":\{"uid":"([0-9A-Za-z-]{1,64})"/.exec(
    text,
  )?.[1];
}

/** Waits until enough of a body has come that its sender is no slow one; it stays where it is. */
function startOf(request: IncomingMessage, deadline: Deadline): Promise<void> {
  const isThere = () => request.readableLength >= Math.min(startBytes, request.readableHighWaterMark);
  if (isThere() || request.complete) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      request.off('readable', look).off('error', settle).off('aborted', cut);
      if (error === undefined) resolve();
      else reject(error);
    };
    const look = () => {
      if (isThere() || request.complete) settle();
    };
    const cut = () => settle(new BadReview('the body ended before its length'));
    const timer = setTimeout(() => {
      const start: unknown = request.read();
      settle(slow(start instanceof Buffer ? uidIn(start) : undefined));
    }, deadline.remainingMs);
    request.on('readable', look).on('error', settle).on('aborted', cut);
  });
}

async function whole(request: IncomingMessage, deadline: Deadline): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const late = () => slow(uidIn(Buffer.concat(chunks)));
  await receive(request, { ms: deadline.remainingMs, late }, (chunk) => {
    chunks.push(chunk);
    return 0;
  });
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

async function withoutBallast(request: IncomingMessage, deadline: Deadline): Promise<Buffer> {
  const filter = new BallastFilter();
  const kept: Buffer[] = [];
  const uid = () => uidIn(Buffer.concat(kept));
  let [received, keeps, worked] = [0, 0, 0];
  const start = performance.now();
  const late = () => slow(uid());
  await receive(request, { ms: deadline.remainingMs, idleMs: stallMs, late }, (chunk) => {
    const begin = performance.now();
    received += chunk.length;
    for (const piece of filter.filter(chunk)) {
      keeps += piece.length;
      // A copy: a piece would hold the whole of what it was cut from.
      kept.push(piece.length < chunk.length ? Buffer.from(piece) : piece);
    }
    if (received > maxBodyBytes) throw tooLarge('the body', maxBodyBytes, uid());
    if (keeps > keptBytes) throw tooLarge('what is to be judged of the body', keptBytes, uid());
    if (received < (begin - start - stallMs) * leastBytesPerMs) throw late();
    worked += performance.now() - begin;
    if (worked < workMs) return 0;
    const rest = Math.min(2 * worked, mostRestMs);
    worked = 0;
    return rest;
  });
  return Buffer.concat(kept);
}

interface Patience {
  readonly ms: number;
  /** How long nothing may come. */
  readonly idleMs?: number;
  /** What it fails with when it has not ended in time. */
  readonly late: () => Refused;
}

/**
 * Hands over what comes of a body, to its end.
 *
 * @param data takes a piece, and says after how many milliseconds the next one may come; what it throws ends it
 */
function receive(
  request: IncomingMessage,
  { ms, idleMs, late }: Patience,
  data: (chunk: Buffer) => number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let taken = 0;
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      clearTimeout(timer);
      clearTimeout(idle);
      clearTimeout(resting);
      request.off('data', take).off('end', end).off('error', fail).off('aborted', cut);
    };
    const end = () => {
      settle();
      resolve();
    };
    const fail = (error: Error) => {
      settle();
      request.pause();
      reject(error);
    };
    const cut = () => fail(new BadReview('the body ended before its length'));
    const goOn = () => {
      idle?.refresh();
      request.resume();
    };
    let resting: NodeJS.Timeout | undefined;
    const take = (chunk: Buffer) => {
      try {
        taken++;
        const rest = data(chunk);
        idle?.refresh();
        if (rest === 0) return;
        request.pause();
        resting = setTimeout(goOn, rest);
      } catch (error) {
        fail(error as Error);
      }
    };
    const timer = setTimeout(() => fail(late()), ms);
    // What had come, but was not read yet because this process was busy, is read before it counts as none.
    const judgeIdle = () => {
      const before = taken;
      setImmediate(() => {
        if (taken === before && !isSettled) fail(late());
      });
    };
    const idle = idleMs === undefined ? undefined : setTimeout(judgeIdle, idleMs);
    request.on('data', take).on('end', end).on('error', fail).on('aborted', cut);
  });
}
