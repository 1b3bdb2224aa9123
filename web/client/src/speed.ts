/** How fast bytes move, smoothed over some seconds. */
import { now } from './waiting.js';

/** What moved this long ago counts a third. */
const MEMORY_MS = 5_000;
/** Looks that are closer together say little. */
const STEP_MS = 250;

/** A rate that follows a growing count. */
export class Speed {
  #at: number | undefined;
  #bytes = 0;
  #rate: number | undefined;

  /** Forgets the time that has passed, as after a pause. */
  restart(): void {
    this.#at = this.#rate = undefined;
  }

  /** Takes a look at the count; gives bytes per second, 0 while nothing is known. */
  look(bytes: number): number {
    const at = now();
    if (this.#at === undefined) {
      this.#at = at;
      this.#bytes = bytes;
    }
    const ms = at - this.#at;
    if (ms >= STEP_MS) {
      // A part that starts over takes its bytes back; that is no speed.
      const rate = (Math.max(0, bytes - this.#bytes) / ms) * 1000;
      const weight = Math.exp(-ms / MEMORY_MS);
      this.#rate = this.#rate === undefined ? rate : this.#rate * weight + rate * (1 - weight);
      this.#at = at;
      this.#bytes = bytes;
    }
    return this.#rate ?? 0;
  }
}
