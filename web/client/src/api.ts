/** The calls of the API, each with its retries. A repeat of any of them is harmless. */
import { linked } from './aborting.js';
import { UploadError } from './errors.js';
import type { Pool } from './pool.js';
import { backoffMs, parseRetryAfter, type RetryOptions, retrying } from './waiting.js';
import type {
  CreateBody,
  Created,
  FileRecord,
  Recorded,
  ServerState,
  SignedPart,
  Ticket,
  UploadStatus,
} from './wire.js';

/** An answer that has not come whole after this time is not waited for. */
const ANSWER_MS = 30_000;
/** Statuses that pass by themselves. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** A token, or what gives a fresh one. It is asked again once after the server refused the last. */
export type TokenSource = string | (() => string | Promise<string>);

/** The API of one stack, for one owner. */
export class Api {
  #token: string | undefined;

  constructor(
    readonly url: string,
    private readonly source: TokenSource,
    private readonly pool: Pool,
  ) {}

  /** The same key with the same body is the same upload, however often it is sent. */
  create(body: CreateBody, key: string, how: RetryOptions): Promise<Created> {
    return this.#call('POST', '/uploads', how, body, { 'idempotency-key': key });
  }

  /** Signs parts, or signs them again. */
  sign(
    id: string,
    parts: { partNumber: number; checksum: string }[],
    how: RetryOptions,
  ): Promise<{ parts: SignedPart[] }> {
    return this.#call('POST', `/uploads/${id}/parts/sign`, how, { parts });
  }

  /** Says which parts S3 holds; the last one starts the assembly. */
  report(id: string, parts: { partNumber: number; etag: string }[], how: RetryOptions): Promise<Recorded> {
    return this.#call('POST', `/uploads/${id}/parts`, how, { parts });
  }

  /** Puts on record what S3 holds, and starts the assembly if that is all. */
  complete(id: string, how: RetryOptions): Promise<Recorded> {
    return this.#call('POST', `/uploads/${id}/complete`, how);
  }

  /** Where an upload stands. */
  status(id: string, how: RetryOptions): Promise<UploadStatus> {
    return this.#call('GET', `/uploads/${id}`, how);
  }

  /** Ends an upload that is not completing yet. */
  cancel(id: string, how: RetryOptions): Promise<{ state: ServerState }> {
    return this.#call('DELETE', `/uploads/${id}`, how);
  }

  /** The verified file with fresh links. */
  file(id: string, how: RetryOptions): Promise<FileRecord> {
    return this.#call('GET', `/files/${id}`, how);
  }

  /** What opens one socket of the live channel. */
  liveTicket(how: RetryOptions): Promise<Ticket> {
    return this.#call('POST', '/tickets', how, { purpose: 'live' });
  }

  async #call<T>(method: string, path: string, how: RetryOptions, body?: object, headers = {}): Promise<T> {
    let renewed = false;
    const attempt = async (failures: number): Promise<T> => {
      this.#token ??= await this.#freshToken();
      const used = this.#token;
      try {
        const answer = await this.pool.run(
          () => this.#send(method, path, used, body, headers, how.signal),
          how.signal,
        );
        this.pool.succeeded(1);
        return answer as T;
      } catch (error) {
        if (!(error instanceof UploadError)) throw error;
        if (error.status === 401 && !renewed) {
          renewed = true;
          // Another call may have fetched a new one already.
          if (this.#token === used) this.#token = undefined;
          return attempt(failures);
        }
        if (error.status === 429 || error.status === 503) {
          this.pool.slowDown(error.retryAfterMs ?? backoffMs(failures + 1));
        }
        throw error;
      }
    };
    return retrying(attempt, how);
  }

  async #freshToken(): Promise<string> {
    try {
      return typeof this.source === 'string' ? this.source : await this.source();
    } catch (cause) {
      throw new UploadError('unauthorized', 'no token could be had', { cause });
    }
  }

  async #send(
    method: string,
    path: string,
    token: string,
    body: object | undefined,
    headers: object,
    signal: AbortSignal,
  ) {
    const stop = linked(signal);
    const timer = setTimeout(() => stop.abort(), ANSWER_MS);
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body ? JSON.stringify(body) : null,
        credentials: 'omit',
        redirect: 'error',
        signal: stop.signal,
      });
      text = await response.text();
    } catch (cause) {
      signal.throwIfAborted();
      throw new UploadError('network', `${method} ${path} got no answer`, { retryable: true, cause });
    } finally {
      clearTimeout(timer);
      stop.unlink();
    }
    return read(response, text, `${method} ${path}`);
  }
}

function read(response: Response, text: string, what: string): unknown {
  let body: Record<string, string> | undefined;
  try {
    body = JSON.parse(text);
  } catch {
    // Gateways and proxies answer in words of their own.
  }
  const { ok, status, headers } = response;
  if (ok && typeof body === 'object' && body) return body;
  const details = {
    status,
    requestId: body?.requestId,
    retryable: PASSING.includes(status),
    retryAfterMs: parseRetryAfter(headers.get('retry-after'), headers.get('date')),
  };
  if (ok)
    throw new UploadError(
      'bad_answer',
      `${what}: the answer is not one of this API; is apiUrl right?`,
      details,
    );
  const code = body?.error ?? byStatus[status] ?? (details.retryable ? 'unavailable' : 'bad_answer');
  throw new UploadError(code, body?.message ?? `${what}: HTTP ${status}`, details);
}

/** What a gateway refuses by itself has no code. */
const byStatus: Record<number, string> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  413: 'payload_too_large',
  429: 'throttled',
};
