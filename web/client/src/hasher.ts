/**
 * Checksums off the main thread, one blob after the other.
 *
 * The worker is a file beside this one, since a page whose policy is `worker-src 'self'` takes no worker from a blob.
 * Where none can be had (Node, another origin, a stricter policy) the same code runs here, piece by piece.
 */
import { combine, crcOf } from './crc64nvme.js';
import { fileError } from './errors.js';

/** A worker that nobody asked anything for so long is let go. */
const IDLE_MS = 30_000;
/** The most that is read after somebody has lost interest. */
const PIECE_BYTES = 64 * 1024 * 1024;

/** Reads blobs and gives their CRC-64/NVME, base64. */
export class Hasher {
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #worker: Worker | undefined;
  #canWork = typeof Worker === 'function';
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** The checksum of these bytes; fails with `signal`'s reason, or with an error of the file. */
  crc(blob: Blob, signal: AbortSignal): Promise<string> {
    clearTimeout(this.#idle);
    this.#waiting++;
    const mine = this.#turn.then(() => this.#inPieces(blob, signal));
    this.#turn = mine
      .catch(() => undefined)
      .then(() => {
        if (--this.#waiting === 0 && this.#worker) this.#idle = setTimeout(() => this.#letGo(), IDLE_MS);
      });
    return mine;
  }

  async #inPieces(blob: Blob, signal: AbortSignal): Promise<string> {
    const pieces = [];
    for (let from = 0; from < blob.size; from += PIECE_BYTES) {
      signal.throwIfAborted();
      const piece = blob.slice(from, from + PIECE_BYTES);
      pieces.push({ crc: await this.#crcOf(piece), size: piece.size });
    }
    return combine(pieces);
  }

  async #crcOf(blob: Blob): Promise<string> {
    const worker = this.#start();
    const answer = worker && (await ask(worker, blob));
    if (answer?.failed) throw fileError({ name: answer.failed });
    if (answer?.crc) return answer.crc;
    // There is no worker, it could not be loaded, or it died: from now on it is done here.
    this.#letGo();
    this.#canWork = false;
    return crcOf(blob).catch((cause) => Promise.reject(fileError(cause)));
  }

  #start(): Worker | undefined {
    try {
      if (this.#canWork)
        this.#worker ??= new Worker(new URL('./hash-worker.js', import.meta.url), { type: 'module' });
    } catch {
      // Another origin's script may be imported, but not started as a worker.
    }
    return this.#worker;
  }

  #letGo(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function ask(worker: Worker, blob: Blob): Promise<{ crc?: string; failed?: string } | undefined> {
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => resolve(undefined);
    worker.postMessage(blob);
  });
}
