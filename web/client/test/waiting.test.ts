import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UploadError } from '../src/errors.js';
import { backoffMs, parseRetryAfter, retrying, sleep } from '../src/waiting.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const signal = new AbortController().signal;
const passing = (retryAfterMs?: number) =>
  new UploadError('unavailable', 'x', { retryable: true, retryAfterMs });

test('pauses double, up to half a minute, and are never the same for all', () => {
  for (let failures = 1; failures < 30; failures++) {
    const whole = Math.min(30_000, 500 * 2 ** (failures - 1));
    const drawn = Array.from({ length: 50 }, () => backoffMs(failures));
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(whole / 2);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(whole);
    expect(new Set(drawn).size).toBeGreaterThan(40);
  }
});

test('Retry-After in seconds is taken, and a hostile one is cut', () => {
  expect(parseRetryAfter('7', null)).toBe(7_000);
  expect(parseRetryAfter('99999999', null)).toBe(300_000);
  expect(parseRetryAfter('soon', null)).toBeUndefined();
  expect(parseRetryAfter('-5', null)).toBeUndefined();
  expect(parseRetryAfter(null, null)).toBeUndefined();
});

test('Retry-After as an instant counts only beside the date of the same answer', () => {
  const at = 'Wed, 21 Oct 2015 07:28:30 GMT';
  expect(parseRetryAfter(at, 'Wed, 21 Oct 2015 07:28:00 GMT')).toBe(30_000);
  expect(parseRetryAfter(at, null)).toBeUndefined();
});

test('what fails for good is not tried again', async () => {
  const attempt = vi.fn().mockRejectedValue(new UploadError('forbidden', 'x'));
  await expect(retrying(attempt, { signal })).rejects.toMatchObject({ code: 'forbidden' });
  expect(attempt).toHaveBeenCalledTimes(1);
});

test('what passes is tried until it works, no sooner than the server asks for', async () => {
  const attempt = vi.fn().mockRejectedValueOnce(passing(90_000)).mockResolvedValue('done');
  const result = retrying(attempt, { signal });
  await vi.advanceTimersByTimeAsync(89_000);
  expect(attempt).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1_001);
  expect(await result).toBe('done');
});

test('it gives up after twenty failures in a row', async () => {
  const attempt = vi.fn().mockRejectedValue(passing());
  const result = retrying(attempt, { signal }).catch((error) => error);
  await vi.advanceTimersByTimeAsync(700_000);
  expect(await result).toMatchObject({ code: 'unavailable' });
  expect(attempt).toHaveBeenCalledTimes(20);
});

test('without a line it waits as long as it takes, and goes on at once when there is one', async () => {
  const place = new EventTarget();
  vi.stubGlobal('addEventListener', place.addEventListener.bind(place));
  vi.stubGlobal('removeEventListener', place.removeEventListener.bind(place));
  vi.stubGlobal('navigator', { onLine: false });
  const attempt = vi.fn().mockRejectedValueOnce(passing()).mockResolvedValue('done');
  const heard: boolean[] = [];
  const result = retrying(attempt, {
    signal,
    attemptsMax: 2,
    onOffline: (isOffline) => heard.push(isOffline),
  });
  await vi.advanceTimersByTimeAsync(7 * 24 * 3600 * 1000);
  expect(attempt).toHaveBeenCalledTimes(1);
  vi.stubGlobal('navigator', { onLine: true });
  place.dispatchEvent(new Event('online'));
  expect(await result).toBe('done');
  expect(heard).toEqual([true, false]);
});

test('a pause between attempts ends with the signal', async () => {
  const stop = new AbortController();
  const nap = sleep(60_000, stop.signal).catch((reason) => reason);
  stop.abort('enough');
  expect(await nap).toBe('enough');
  expect(vi.getTimerCount()).toBe(0);
});
