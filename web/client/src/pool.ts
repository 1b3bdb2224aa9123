/**
 * How many requests run at once, for all files together.
 *
 * Additive increase, multiplicative decrease: as long as there is more to send and the rate does not fall, one more is
 * tried; whoever is told to slow down, or hears nothing, halves.
 */
import { onAbort } from './aborting.js';
import { now } from './waiting.js';

/** A second halving within this time would answer the same trouble twice. */
const CALM_MS = 2_000;
/** A rate below this part of the best one means that one more was too many. */
const WORSE = 0.8;
/** The best one is forgotten, this part of it a time, as lines change. */
const KEPT = 0.95;

/** The bounds of a pool. */
export interface PoolBounds {
  start: number;
  max: number;
}

/** A number of places that follows the line. */
export class Pool {
  #limit: number;
  #running = 0;
  #waiting: { start(): void }[] = [];
  #heldUntil = 0;
  #held: ReturnType<typeof setTimeout> | undefined;
  #calmUntil = 0;
  #window = { since: now(), done: 0, amount: 0, crowded: false };
  #best = 0;
  /** When a byte moved last anywhere in this pool. */
  movedAt = now();

  constructor(readonly bounds: PoolBounds) {
    this.#limit = Math.min(bounds.start, bounds.max);
  }

  /** How many may run at once now. */
  get limit(): number {
    return this.#limit;
  }

  /** Runs `task` when there is a place for it, in the order of the calls. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const leave = await this.enter(signal);
    try {
      return await task();
    } finally {
      leave();
    }
  }

  /** Waits for a place and gives what leaves it, however often that is called. */
  async enter(signal: AbortSignal): Promise<() => void> {
    await this.#admission(signal);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#running--;
      this.#admit();
    };
  }

  /** Tells the pool that something worked; `amount` is what the rate is counted in. */
  succeeded(amount: number): void {
    const window = this.#window;
    window.done++;
    window.amount += amount;
    window.crowded ||= this.#waiting.length > 0;
    if (window.done < this.#limit) return;
    const rate = window.amount / Math.max(1, now() - window.since);
    if (window.crowded) {
      this.#limit = clamp(this.#limit + (rate < this.#best * WORSE ? -1 : 1), this.bounds.max);
    }
    this.#begin(Math.max(rate, this.#best * KEPT));
  }

  /** Tells the pool that the other side, or the line, is overrun; nothing new starts for `holdMs`. */
  slowDown(holdMs = 0): void {
    this.#heldUntil = Math.max(this.#heldUntil, now() + holdMs);
    if (now() < this.#calmUntil) return;
    this.#calmUntil = now() + CALM_MS;
    this.#limit = clamp(Math.floor(this.#limit / 2), this.bounds.max);
    this.#begin(0);
  }

  #begin(best: number): void {
    this.#best = best;
    this.#window = { since: now(), done: 0, amount: 0, crowded: false };
    this.#admit();
  }

  #admission(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const leave = (): void => {
        unlink();
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter = {
        start: () => {
          unlink();
          this.#running++;
          resolve();
        },
      };
      const unlink = onAbort(signal, leave);
      this.#waiting.push(waiter);
      this.#admit();
    });
  }

  #admit(): void {
    clearTimeout(this.#held);
    const heldMs = this.#heldUntil - now();
    if (heldMs > 0) {
      this.#held = setTimeout(() => this.#admit(), heldMs + 1);
      return;
    }
    while (this.#running < this.#limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      // Whoever begins after a pause is not to blame for the silence before.
      if (this.#running === 0) this.movedAt = now();
      next.start();
    }
  }
}

function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(1, value));
}
