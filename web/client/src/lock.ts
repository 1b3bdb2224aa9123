/**
 * One sender for one file: across the tabs of a browser by Web Locks, elsewhere within this process.
 *
 * It saves traffic and nothing more. Without it two senders send the same parts of the same upload, which is harmless.
 */

import { onAbort } from './aborting.js';

/** Names held in this process, each with what ends when it is free. */
const held = new Map<string, Promise<unknown>>();

/** Runs `task` alone among all with this name. `onWait` hears that somebody else holds it. */
export async function alone<T>(
  name: string,
  signal: AbortSignal,
  onWait: () => void,
  task: () => Promise<T>,
): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return aloneHere(name, signal, onWait, task);
  let isFree = true;
  const first = await locks.request(name, { ifAvailable: true }, async (lock) => {
    isFree = lock !== null;
    return isFree ? { value: await task() } : undefined;
  });
  if (isFree && first) return first.value;
  onWait();
  return locks.request(name, { signal }, task) as Promise<T>;
}

async function aloneHere<T>(
  name: string,
  signal: AbortSignal,
  onWait: () => void,
  task: () => Promise<T>,
): Promise<T> {
  if (held.has(name)) onWait();
  while (held.has(name)) {
    await Promise.race([held.get(name), raised(signal)]);
    signal.throwIfAborted();
  }
  const run = task();
  held.set(
    name,
    run.catch(() => undefined).finally(() => held.delete(name)),
  );
  return run;
}

function raised(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    onAbort(signal, resolve);
  });
}
