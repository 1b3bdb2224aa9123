/** What happens when somebody loses interest. */

/** The reason where nobody reads one: without it each signal makes an exception with a stack. */
export const OVER = 'over';

/** One listener a signal: Node warns of more than ten, and one signal stands for all parts of a file. */
const calls = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `call` when the signal is raised, until what it gives is called. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  let all = calls.get(signal);
  if (!all) {
    const fresh = new Set<() => void>();
    signal.addEventListener('abort', () => {
      for (const one of fresh) one();
    });
    calls.set(signal, fresh);
    all = fresh;
  }
  all.add(call);
  return () => all.delete(call);
}

/** A controller that is raised with another signal too, until `unlink` is called. */
export function linked(signal: AbortSignal): AbortController & { unlink(): void } {
  const controller = new AbortController();
  const unlink = onAbort(signal, () => controller.abort(signal.reason));
  if (signal.aborted) controller.abort(signal.reason);
  return Object.assign(controller, { unlink });
}
