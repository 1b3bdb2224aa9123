/**
 * The socket of the live channel: one for all uploads of a client, opened when there is something to wait for.
 *
 * Every message is a whole snapshot with a sequence number. After a break it subscribes with the last ones seen, and the
 * server sends what came since.
 */
import { onAbort } from './aborting.js';
import type { Api } from './api.js';
import { UploadError } from './errors.js';
import { backoffMs, sleep } from './waiting.js';
import type { UploadStatus } from './wire.js';

/** The gateway ends a socket after ten idle minutes. */
const PING_MS = 240_000;
/** How many uploads one message may name. */
const UPLOADS_MAX = 100;

/** What the socket is wanted for. */
export interface LiveInterest {
  /** The uploads that are waited for, with the last sequence seen of each. */
  uploads(): { id: string; sequence?: number }[];
  /** Hears a snapshot. */
  onStatus(status: UploadStatus): void;
  /** Hears that the socket is subscribed, or gone. */
  onHealth(isHealthy: boolean): void;
}

/** A socket that opens itself again as long as it is wanted. */
export class Live {
  #socket: WebSocket | undefined;
  #stop: AbortController | undefined;
  /** False once it is clear that this stack, or this place, has no live channel. */
  isPossible = typeof WebSocket === 'function';

  constructor(
    private readonly api: Api,
    private readonly interest: LiveInterest,
  ) {}

  /** Whether it is open, or about to be. */
  get isWanted(): boolean {
    return this.#stop !== undefined;
  }

  /** Begins, if it has not. */
  open(): void {
    if (this.#stop || !this.isPossible) return;
    this.#stop = new AbortController();
    void this.#keep(this.#stop.signal).catch(() => undefined);
  }

  /** Ends it. */
  close(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  /** Subscribes to uploads, also to those that wanted no socket before. */
  subscribe(uploads: { id: string; sequence?: number }[]): void {
    for (let from = 0; from < uploads.length; from += UPLOADS_MAX) {
      this.#send({ action: 'subscribe', uploads: uploads.slice(from, from + UPLOADS_MAX) });
    }
  }

  /** Ends the interest in an upload. */
  unsubscribe(id: string): void {
    this.#send({ action: 'unsubscribe', uploads: [{ id }] });
  }

  #send(message: object): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  async #keep(signal: AbortSignal): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        const { url } = await this.api.liveTicket({ signal });
        if (await this.#session(url, signal)) failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        // No such route, or not for this caller: it will not be there in a minute either.
        if (error instanceof UploadError && !error.retryable) {
          this.isPossible = false;
          return;
        }
      }
      await sleep(backoffMs(failures + 1), signal);
    }
  }

  /** One socket from its opening to its end; gives whether it ever opened. */
  #session(url: string, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = new WebSocket(url);
      const end = (): void => socket.close();
      let wasOpen = false;
      let ping: ReturnType<typeof setInterval>;
      this.#socket = socket;
      const unlink = onAbort(signal, end);
      socket.onopen = () => {
        wasOpen = true;
        ping = setInterval(() => this.#send({ action: 'ping' }), PING_MS);
        this.subscribe(this.interest.uploads());
        this.interest.onHealth(true);
      };
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data) as UploadStatus & { type: string };
        if (message.type === 'upload') this.interest.onStatus(message);
      };
      socket.onclose = () => {
        clearInterval(ping);
        unlink();
        this.interest.onHealth(false);
        resolve(wasOpen);
      };
    });
  }
}
