/**
 * One PUT to a presigned URL.
 *
 * `XMLHttpRequest` where there is one, because only it tells a page how many bytes have left; it sends the slice of the
 * file itself, so no byte of it passes through the page. Elsewhere `fetch`, counting what is read of the slice.
 */
import { linked } from './aborting.js';
import { fileError, UploadError } from './errors.js';
import { now, parseRetryAfter } from './waiting.js';

/** How often it is looked whether bytes still move. */
const LOOK_MS = 1_000;
/** When the last byte was handed over, the system may still hold so many of them, */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;
/** which leave at this rate at the least: 1 Mbit/s. */
const DRAIN_BYTES_PER_MS = 128;
/** A line slower than this is as good as none; it bounds a PUT whose bytes cannot be counted. */
const SLOWEST_BYTES_PER_MS = 16;

/** What S3 answered. */
export interface PutAnswer {
  status: number;
  etag: string | null;
  /** The code of S3's error document, or empty. */
  code: string;
  /** The words of S3's error document, or empty. */
  message: string;
  retryAfterMs: number | undefined;
}

/** One PUT. */
export interface PutJob {
  url: string;
  headers: Record<string, string>;
  body: Blob;
  /** A PUT of which nothing moved for so long is stopped. */
  stallMs: number;
  /** Hears how many bytes have left so far. */
  onBytes(sentBytes: number): void;
  /** When a byte of any PUT moved last: one that has not begun may only be queued behind the others. */
  movedAnywhereAt(): number;
  signal: AbortSignal;
}

/** Sends it and gives whatever S3 answers. Fails with `network`, with an error of the file, or with the signal's reason. */
export async function put(job: PutJob): Promise<PutAnswer> {
  const stop = linked(job.signal);
  const moved = { at: now(), bytes: 0, counted: typeof XMLHttpRequest === 'function' };
  const started = now();
  const timer = setInterval(() => isStalled(job, moved, started) && stop.abort(), LOOK_MS);
  const count = (bytes: number): void => {
    moved.counted = true;
    if (bytes <= moved.bytes) return;
    Object.assign(moved, { at: now(), bytes });
    job.onBytes(bytes);
  };
  try {
    job.signal.throwIfAborted();
    return await (typeof XMLHttpRequest === 'function' ? byXhr : byFetch)(job, count, stop.signal);
  } catch (cause) {
    job.signal.throwIfAborted();
    // A slice of a file that has changed cannot be sent, which looks like a broken line until it is read.
    await job.body
      .slice(0, 1)
      .arrayBuffer()
      .catch((error) => Promise.reject(fileError(error)));
    const why = stop.signal.aborted ? `no byte moved for ${job.stallMs / 1000} s` : 'the connection broke';
    throw new UploadError('network', `a part was not stored: ${why}`, { retryable: true, cause });
  } finally {
    clearInterval(timer);
    stop.unlink();
  }
}

function isStalled(
  job: PutJob,
  moved: { at: number; bytes: number; counted: boolean },
  started: number,
): boolean {
  const silentMs = now() - moved.at;
  if (moved.bytes >= job.body.size)
    return silentMs >= job.stallMs + Math.min(job.body.size, BUFFERED_BYTES_MAX) / DRAIN_BYTES_PER_MS;
  if (!moved.counted) return now() - started >= job.stallMs + job.body.size / SLOWEST_BYTES_PER_MS;
  if (moved.bytes === 0) return Math.min(silentMs, now() - job.movedAnywhereAt()) >= job.stallMs;
  return silentMs >= job.stallMs;
}

type Way = (job: PutJob, count: (bytes: number) => void, signal: AbortSignal) => Promise<PutAnswer>;

const byXhr: Way = (job, count, signal) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('PUT', job.url);
    for (const [name, value] of headersOf(job)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => count(event.loaded);
    // All headers at once: to ask for one that the bucket does not expose makes an error in the console.
    xhr.onload = () => resolve(answer(xhr.status, headerIn(xhr.getAllResponseHeaders()), xhr.responseText));
    xhr.onerror = xhr.onabort = () => reject(xhr);
    signal.addEventListener('abort', () => xhr.abort());
    xhr.send(job.body);
  });

const byFetch: Way = async (job, count, signal) => {
  const body = counted(job.body, count);
  const response = await fetch(job.url, {
    method: 'PUT',
    headers: headersOf(job),
    body,
    credentials: 'omit',
    redirect: 'error',
    signal,
  });
  return answer(response.status, (name) => response.headers.get(name), await response.text());
};

/** What is sent. The length is set by whoever sends it, to the same value, and by nobody else. */
function headersOf(job: PutJob): [string, string][] {
  return Object.entries(job.headers).filter(([name]) => name.toLowerCase() !== 'content-length');
}

function headerIn(lines: string): (name: string) => string | null {
  return (name) => new RegExp(`^${name}: *(.*?)\\s*$`, 'im').exec(lines)?.[1] ?? null;
}

/** The same blob; where `fetch` reads it by its `stream`, as in Node, what is read is counted. */
function counted(blob: Blob, count: (bytes: number) => void): Blob {
  const body = blob.slice(0, blob.size, blob.type);
  const stream = body.stream.bind(body);
  let sent = 0;
  const counter = (): TransformStream<Uint8Array, Uint8Array> => {
    count(0);
    return new TransformStream({
      transform(chunk, controller) {
        sent += chunk.byteLength;
        count(sent);
        controller.enqueue(chunk);
      },
    });
  };
  Object.defineProperty(body, 'stream', { value: () => stream().pipeThrough(counter()) });
  return body;
}

function answer(status: number, header: (name: string) => string | null, text: string): PutAnswer {
  const tag = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? '';
  return {
    status,
    etag: header('etag'),
    code: tag('Code'),
    message: tag('Message'),
    retryAfterMs: parseRetryAfter(header('retry-after'), header('date')),
  };
}
