/**
 * Waiting for the server: by the live channel where there is one, else by asking, less and less often.
 *
 * A socket costs a ticket, so what ends at once is asked for. Asking goes on beside the socket, rarely, since a socket
 * can be dead without anybody having said so.
 */
import { linked, OVER } from './aborting.js';
import type { Api } from './api.js';
import { Live } from './live.js';
import { sleep } from './waiting.js';
import type { FileRecord, UploadStatus } from './wire.js';

const POLL_FIRST_MS = 300;
const POLL_GROWTH = 1.6;
const POLL_MAX_MS = 10_000;
const POLL_BESIDE_LIVE_MS = 30_000;
/** So many uploads waited for, or one for so many polls, are worth a socket. */
const WORTH_UPLOADS = 4;
const WORTH_POLLS = 3;
/** An unused socket is closed after this. */
const IDLE_MS = 10_000;

/** What is waited for. */
export interface Watch {
  id: string;
  /** Asks the file, which knows the image work, instead of the upload. */
  image?: boolean;
  /** Ends the wait. */
  isEnd(status: UploadStatus): boolean;
  /** Hears every newer snapshot, the last one included. */
  onStatus?(status: UploadStatus): void;
  signal: AbortSignal;
}

interface Entry extends Watch {
  sequence: number | undefined;
  ended: UploadStatus | undefined;
  wake(): void;
}

/** All waits of a client. */
export class Watcher {
  #entries = new Set<Entry>();
  #live: Live;
  #isHealthy = false;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    isLive: boolean,
  ) {
    this.#live = new Live(api, {
      uploads: () => [...this.#entries].map(subscription),
      onStatus: (status) => {
        for (const entry of this.#entries) if (entry.id === status.id) take(entry, status);
      },
      onHealth: (isHealthy) => {
        this.#isHealthy = isHealthy;
        // What is long overdue is asked for at once when the socket is gone.
        if (!isHealthy) for (const entry of this.#entries) entry.wake();
      },
    });
    this.#live.isPossible &&= isLive;
  }

  /** Waits until a snapshot ends it, and gives that one. */
  async until(watch: Watch): Promise<UploadStatus> {
    const entry: Entry = { ...watch, sequence: undefined, ended: undefined, wake: () => undefined };
    this.#entries.add(entry);
    clearTimeout(this.#idle);
    if (this.#entries.size >= WORTH_UPLOADS || watch.image) this.#live.open();
    if (this.#isHealthy) this.#live.subscribe([subscription(entry)]);
    try {
      return await this.#wait(entry);
    } finally {
      this.#entries.delete(entry);
      if (![...this.#entries].some(({ id }) => id === entry.id)) this.#live.unsubscribe(entry.id);
      if (this.#entries.size === 0 && this.#live.isWanted)
        this.#idle = setTimeout(() => this.#live.close(), IDLE_MS);
    }
  }

  async #wait(entry: Entry): Promise<UploadStatus> {
    for (let polls = 0, pause = POLL_FIRST_MS; ; pause = Math.min(POLL_MAX_MS, pause * POLL_GROWTH)) {
      await interruptibleSleep(this.#isHealthy ? POLL_BESIDE_LIVE_MS : pause, entry);
      if (entry.ended) return entry.ended;
      const how = { signal: entry.signal };
      const status = entry.image
        ? imageStatus(await this.api.file(entry.id, how))
        : await this.api.status(entry.id, how);
      take(entry, status);
      if (entry.ended) return entry.ended;
      if (++polls >= WORTH_POLLS) this.#live.open();
    }
  }
}

/** The next look, or a push that ends the wait, or the end of the socket, whichever comes first. */
async function interruptibleSleep(ms: number, entry: Entry): Promise<void> {
  const nap = linked(entry.signal);
  entry.wake = () => nap.abort(OVER);
  await sleep(ms, nap.signal).catch(() => undefined);
  nap.unlink();
  entry.signal.throwIfAborted();
}

function take(entry: Entry, status: UploadStatus): void {
  const isOld = status.sequence !== undefined && status.sequence <= (entry.sequence ?? -1);
  if (isOld || entry.ended) return;
  entry.sequence = status.sequence ?? entry.sequence;
  entry.onStatus?.(status);
  if (!entry.isEnd(status)) return;
  entry.ended = status;
  entry.wake();
}

function subscription({ id, sequence }: Entry): { id: string; sequence?: number } {
  return { id, ...(sequence !== undefined && { sequence }) };
}

function imageStatus(file: FileRecord): UploadStatus {
  return {
    id: file.id,
    state: 'completed',
    fileId: file.id,
    receivedBytes: file.size,
    receivedParts: 1,
    imageState: file.imageState,
    variants: file.variants.map(({ name }) => name),
    ...(file.placeholder && { placeholder: file.placeholder }),
  };
}
