import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pool } from '../src/pool.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const signal = new AbortController().signal;

/** Keeps a pool full of tasks of one second, and gives the most that ran at once. */
async function busy(
  pool: Pool,
  seconds: number,
  bytesPerSecond = (running: number) => 1000 / running,
): Promise<number> {
  let [running, most, isOver] = [0, 0, false];
  const lines = Array.from({ length: 40 }, async () => {
    while (!isOver) {
      await pool.run(async () => {
        most = Math.max(most, ++running);
        const amount = bytesPerSecond(running);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        running--;
        pool.succeeded(amount);
      }, signal);
    }
  });
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  isOver = true;
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all(lines);
  return most;
}

test('it begins with four and grows to its bound while it is worth it', async () => {
  const pool = new Pool({ start: 4, max: 16 });
  expect(pool.limit).toBe(4);
  expect(await busy(pool, 60, () => 1000)).toBe(16);
});

test('it never runs more than its bound', async () => {
  expect(await busy(new Pool({ start: 4, max: 3 }), 30, () => 1000)).toBe(3);
});

test('it goes back when one more made it worse', async () => {
  const pool = new Pool({ start: 4, max: 16 });
  // More than eight at once share a fifth of what eight have.
  await busy(pool, 100, (running) => (running > 8 ? 1600 / running : 1000));
  expect(pool.limit).toBeGreaterThan(5);
  expect(pool.limit).toBeLessThan(11);
});

test('SlowDown halves, and the same trouble is not counted twice', async () => {
  const pool = new Pool({ start: 8, max: 16 });
  pool.slowDown();
  pool.slowDown();
  expect(pool.limit).toBe(4);
  await vi.advanceTimersByTimeAsync(2_001);
  pool.slowDown();
  expect(pool.limit).toBe(2);
  for (let round = 0; round < 5; round++) {
    await vi.advanceTimersByTimeAsync(2_001);
    pool.slowDown();
  }
  expect(pool.limit).toBe(1);
});

test('nothing starts while the server has asked for a pause', async () => {
  const pool = new Pool({ start: 4, max: 4 });
  pool.slowDown(5_000);
  const task = vi.fn().mockResolvedValue(undefined);
  const run = pool.run(task, signal);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(task).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  await run;
  expect(task).toHaveBeenCalledTimes(1);
});

test('whoever loses interest leaves the queue, and a place is given back whatever happens', async () => {
  const pool = new Pool({ start: 1, max: 1 });
  const leave = await pool.enter(signal);
  const stop = new AbortController();
  const task = vi.fn();
  const run = pool.run(task, stop.signal).catch((reason) => reason);
  stop.abort('gone');
  expect(await run).toBe('gone');
  leave();
  leave();
  const failing = () => Promise.reject(new Error('x'));
  await expect(pool.run(failing, signal)).rejects.toThrow('x');
  expect(await pool.run(async () => 'free', signal)).toBe('free');
  expect(task).not.toHaveBeenCalled();
});
