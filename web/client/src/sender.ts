/**
 * Sends parts of one upload: signs them in batches, puts them, and repeats what fails, each kind of failure in its way.
 */
import { linked } from './aborting.js';
import { type Checksums, changed } from './checksums.js';
import type { Context } from './context.js';
import { UploadError } from './errors.js';
import type { Parts } from './parts.js';
import { type PutAnswer, put } from './put.js';
import { isOffline, now, type RetryOptions, retrying } from './waiting.js';
import type { SignedPart } from './wire.js';

/** Parts that one call signs at most. */
const SIGNED_PER_CALL_MAX = 1000;
/** A URL is not used in its last seconds: its request has to arrive. */
const MARGIN_MS = 15_000;
/** How often one part may be refused, each time with a fresh signature, before that has another cause. */
const REFUSALS_MAX = 3;
/** S3's words for bytes that are not those which were signed for. */
const OTHER_BYTES = ['BadDigest', 'InvalidDigest', 'XAmzContentChecksumMismatch', 'IncompleteBody'];
/** S3's words for what passes although its status does not say so. */
const PASSING = [
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
  'SlowDown',
  'InternalError',
];

/** What the sending is counted in. */
export interface Ledger {
  /** Parts that S3 has acknowledged, with their tags; null where it gave none, or an earlier visit sent them. */
  stored: Map<number, string | null>;
  /** Bytes of parts on their way. */
  onItsWay: Map<number, number>;
  /** Hears of every change. */
  onChange(): void;
  /** Hears that a line is waited for, and that there is one again. */
  onOffline(isOffline: boolean): void;
  /** Is waited for before parts are sent whose checksums nobody has stored. */
  save(): Promise<void>;
}

/** Sends the parts of one upload. */
export class Sender {
  #urls = new Map<number, SignedPart & { goodUntil: number }>();
  #signing: Promise<void> | undefined;
  #todo: number[] = [];

  constructor(
    private readonly context: Context,
    private readonly id: string,
    private readonly parts: Parts,
    private readonly checksums: Checksums,
    private readonly ledger: Ledger,
  ) {}

  /** Takes over URLs from an answer. `askedAt` is when it was asked for: their life began after that. */
  take(signed: SignedPart[], askedAt: number): void {
    for (const part of signed) {
      if (part.size !== this.parts.sizeOf(part.partNumber)) {
        throw new UploadError('bad_answer', `part ${part.partNumber} was signed for ${part.size} bytes`);
      }
      const seconds = Number(/[?&]X-Amz-Expires=(\d+)/i.exec(part.url)?.[1] ?? 900);
      this.#urls.set(part.partNumber, { ...part, goodUntil: askedAt + seconds * 1000 - MARGIN_MS });
    }
  }

  /** Sends these parts. Fails with the first failure that cannot be mended, and stops the others then. */
  async send(numbers: number[], signal: AbortSignal): Promise<void> {
    const stop = linked(signal);
    this.#todo = numbers;
    const queue = numbers.values();
    const line = async (): Promise<void> => {
      for (const number of queue) await this.#sendPart(number, stop.signal);
    };
    const lines = Array.from({ length: Math.min(numbers.length, this.context.puts.bounds.max) }, line);
    try {
      await Promise.all(lines);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(lines);
      throw error;
    } finally {
      stop.unlink();
    }
  }

  async #sendPart(number: number, signal: AbortSignal): Promise<void> {
    const { puts, stallMs } = this.context;
    const body = this.parts.slice(number);
    let refusals = 0;
    const attempt = async (failures: number): Promise<void> => {
      const { url, headers } = await this.#urlOf(number, signal);
      const answer = await put({
        url,
        headers,
        body,
        stallMs,
        signal,
        movedAnywhereAt: () => puts.movedAt,
        onBytes: (bytes) => {
          puts.movedAt = now();
          this.#count(number, bytes);
        },
      }).catch((error) => {
        // S3 may hang up on an expired URL while we still send, before its refusal can be read.
        if (failures > 0) this.#urls.delete(number);
        if (!isOffline()) puts.slowDown();
        throw error;
      });
      if (answer.status === 200 || answer.status === 412) {
        puts.succeeded(body.size);
        this.ledger.stored.set(number, answer.status === 200 ? answer.etag : null);
        return;
      }
      if (answer.status === 403 || OTHER_BYTES.includes(answer.code) || answer.code === 'ExpiredToken') {
        this.#urls.delete(number);
        if (OTHER_BYTES.includes(answer.code) && !(await this.checksums.isUnchanged(number, signal))) {
          throw changed();
        }
        throw refused(number, answer, ++refusals < REFUSALS_MAX);
      }
      if (answer.status === 503 || answer.status === 429) puts.slowDown(answer.retryAfterMs);
      throw refused(number, answer, passes(answer));
    };
    const inTurn = (failures: number): Promise<void> => {
      const turn = puts.run(() => attempt(failures), signal);
      return turn.finally(() => this.#count(number, undefined));
    };
    await retrying(inTurn, { signal, onOffline: (isOffline) => this.ledger.onOffline(isOffline) });
    this.#urls.delete(number);
  }

  #count(number: number, bytes: number | undefined): void {
    if (bytes === undefined) this.ledger.onItsWay.delete(number);
    else this.ledger.onItsWay.set(number, bytes);
    this.ledger.onChange();
  }

  async #urlOf(number: number, signal: AbortSignal): Promise<SignedPart> {
    for (;;) {
      const known = this.#urls.get(number);
      if (known && known.goodUntil > now()) return known;
      this.#signing ??= this.#sign(number, signal).finally(() => {
        this.#signing = undefined;
      });
      await this.#signing;
    }
  }

  /** Signs this part and those after it that have been read, at least as many as are sent at once. */
  async #sign(number: number, signal: AbortSignal): Promise<void> {
    const ahead = this.#todo.filter((other) => other >= number && !this.ledger.stored.has(other));
    this.checksums.ahead(ahead, signal);
    for (const other of ahead.slice(0, this.context.puts.limit)) await this.checksums.of(other, signal);
    const parts = [];
    for (const partNumber of ahead) {
      const checksum = this.checksums.ready(partNumber);
      const known = this.#urls.get(partNumber);
      if (checksum && !(known && known.goodUntil > now())) parts.push({ partNumber, checksum });
      if (parts.length === SIGNED_PER_CALL_MAX) break;
    }
    await this.ledger.save();
    const askedAt = now();
    const how: RetryOptions = { signal, onOffline: (isOffline) => this.ledger.onOffline(isOffline) };
    const answer = await this.context.api.sign(this.id, parts, how);
    this.take(answer.parts, askedAt);
    if (!this.#urls.has(number)) {
      throw new UploadError('bad_answer', `the server did not sign part ${number}, though asked to`);
    }
    // The next ones are read while these are sent.
    this.checksums.ahead(ahead.slice(parts.length), signal);
  }
}

function passes({ status, code }: PutAnswer): boolean {
  return status >= 500 || status === 408 || status === 429 || PASSING.includes(code);
}

function refused(number: number, answer: PutAnswer, retryable: boolean): UploadError {
  const { status, code, message, retryAfterMs } = answer;
  const words = [code, message].filter(Boolean).join(': ');
  // S3 forgets a multipart upload that was ended; the server knows how.
  const name = code === 'NoSuchUpload' ? 'wrong_state' : 'storage_refused';
  return new UploadError(name, `S3 refused part ${number}: ${words || status}`, {
    status,
    retryable,
    retryAfterMs,
  });
}
