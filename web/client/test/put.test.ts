import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type PutJob, put } from '../src/put.js';
import { failure } from './setting.js';

beforeEach(() => {
  // Streams turn by immediates, which stay as they are.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const MIB = 1024 * 1024;

/** A PUT whose bytes leave when the test says so, and are never answered. */
function silentPut(size: number, change: Partial<PutJob> = {}) {
  let read: ReadableStreamDefaultReader<Uint8Array> | undefined;
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    read = (init.body as Blob).stream().getReader();
    return new Promise((_, reject) =>
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
    );
  });
  let sentBytes = 0;
  const job: PutJob = {
    url: 'https://bucket.example.com/x',
    headers: {},
    // In pieces, since Node hands over a piece of memory as a whole.
    body: new Blob(Array.from({ length: 16 }, () => new Uint8Array(size / 16))),
    stallMs: 20_000,
    onBytes: (bytes) => {
      sentBytes = bytes;
    },
    movedAnywhereAt: () => 0,
    signal: new AbortController().signal,
    ...change,
  };
  let ended: unknown;
  failure(put(job)).then((error) => {
    ended = error;
  });
  return { move: () => read?.read(), sent: () => sentBytes, ended: () => ended };
}

test('a part of which no byte moves for 20 seconds is stopped, and may be sent again', async () => {
  const one = silentPut(10 * MIB);
  await vi.advanceTimersByTimeAsync(19_000);
  expect(one.ended()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(one.ended()).toMatchObject({ code: 'network', retryable: true });
  expect(String(one.ended())).toContain('no byte moved for 20 s');
});

test('a part that moves slowly goes on for as long as it moves', async () => {
  const one = silentPut(10 * MIB);
  for (let seconds = 0; seconds < 150; seconds += 15) {
    await one.move();
    await vi.advanceTimersByTimeAsync(15_000);
  }
  expect(one.sent()).toBeGreaterThan(0);
  expect(one.ended()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(one.ended()).toMatchObject({ code: 'network' });
});

test('a part that has not begun is left alone while others move', async () => {
  const one = silentPut(10 * MIB, { movedAnywhereAt: () => performance.now() });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(one.ended()).toBeUndefined();
});

test('a signal stops it at once, with the reason of the signal', async () => {
  const stop = new AbortController();
  const one = silentPut(1000, { signal: stop.signal });
  stop.abort('paused');
  await vi.advanceTimersByTimeAsync(0);
  expect(one.ended()).toBe('paused');
});
