/**
 * Waiting: for a time, for a line, and between attempts.
 *
 * Durations are taken from one running clock. What a server says in instants is never held against the clock of this
 * machine, which may be an hour off.
 */
import { onAbort } from './aborting.js';
import { UploadError } from './errors.js';

/** The first pause is at most this long; each is twice the one before. */
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 30_000;
/** A server that asks for more is asked again after this. */
const RETRY_AFTER_MAX_MS = 300_000;
/** Attempts in a row, about five minutes of them, before a call counts as failed. */
const ATTEMPTS_MAX = 20;

/** A running clock in milliseconds. */
export const now = (): number => performance.now();

/** Whether this machine knows that it has no line. */
export const isOffline = (): boolean => globalThis.navigator?.onLine === false;

/** Ends after `ms`, at once when the line comes back, or with `signal`'s reason. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const end = (): void => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', wake);
      unlink();
      signal.aborted ? reject(signal.reason) : resolve();
    };
    const wake = (): void => end();
    const timer = setTimeout(end, ms);
    globalThis.addEventListener?.('online', wake);
    const unlink = onAbort(signal, end);
  });
}

/** The pause after so many failures in a row: doubling, and between half and the whole of that, so that many clients part. */
export function backoffMs(failures: number): number {
  const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1));
  return (whole * (1 + Math.random())) / 2;
}

/** `Retry-After` in milliseconds: seconds, or an instant, which counts only beside the same server's `Date`. */
export function parseRetryAfter(value: string | null, date: string | null): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.parse(date ?? '');
  return ms >= 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : undefined;
}

/** How {@link retrying} goes on. */
export interface RetryOptions {
  signal: AbortSignal;
  /** Attempts in a row before it gives up; 20 otherwise. */
  attemptsMax?: number;
  /** Hears that it waits for a line, and that there is one again. */
  onOffline?: ((isOffline: boolean) => void) | undefined;
}

/** Runs `attempt` until it succeeds, fails for good, or has failed too often. Time without a line does not count. */
export async function retrying<T>(
  attempt: (failures: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { signal, attemptsMax = ATTEMPTS_MAX, onOffline } = options;
  for (let failures = 0; ; ) {
    try {
      signal.throwIfAborted();
      return await attempt(failures);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UploadError && error.retryable)) throw error;
      if (isOffline()) {
        onOffline?.(true);
        while (isOffline()) await sleep(BACKOFF_MAX_MS, signal);
        onOffline?.(false);
        continue;
      }
      if (++failures >= attemptsMax) throw error;
      await sleep(Math.max(backoffMs(failures), error.retryAfterMs ?? 0), signal);
    }
  }
}
