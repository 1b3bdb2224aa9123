/** The handle of one upload: what a page shows, and what it may do. */
import type { Context } from './context.js';
import { UploadError } from './errors.js';
import { sourceOf, type UploadOptions } from './options.js';
import { type Phase, Session, type UploadResult } from './session.js';
import { Speed } from './speed.js';
import type { FileRecord, ImageState, Placeholder, UploadStatus } from './wire.js';

/** Events of progress come no closer than this. */
const EVENT_MS = 100;
/** A person who cancels does not wait for a line. */
const CANCEL_ATTEMPTS_MAX = 3;

/**
 * `queued`: others come first. `preparing`: the file is read, the upload created. `uploading`. `waiting`: for a line, or
 * for another tab that sends the same file. `paused`. `finishing`: all is sent, the server makes a file of it.
 * `completed`, `failed`, `cancelled`: the end.
 */
export type UploadState = Phase | 'paused' | 'completed' | 'failed' | 'cancelled';

/** How far an upload is. */
export interface Progress {
  state: UploadState;
  /** Bytes that have left, those on their way included. Falls when a part starts over. */
  sentBytes: number;
  /** Bytes of parts that S3 has acknowledged. */
  storedBytes: number;
  totalBytes: number;
  storedParts: number;
  /** 0 before the upload is planned. */
  partCount: number;
  /** Smoothed; 0 while nothing is known. */
  bytesPerSecond: number;
  /** Undefined while nothing is known. */
  secondsLeft: number | undefined;
}

/** How far the image work is. */
export interface ImageProgress {
  state: ImageState;
  /** Names of the variants that are there, such as `640x480.webp`. */
  variants: string[];
  placeholder: Placeholder | undefined;
}

const PAUSED = Symbol('paused');
const STOPPED = Symbol('stopped');

/**
 * One upload. It fires `progress` whenever {@link Upload.progress} has changed, at most ten times a second, and `image`
 * whenever {@link Upload.image} has.
 */
export class Upload extends EventTarget {
  /** The file's name. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The verified file, or an `UploadError`. */
  readonly done: Promise<UploadResult>;
  /** The image work, once somebody has asked for {@link Upload.variants}. */
  image: ImageProgress | undefined;
  /** Why it failed. */
  error: UploadError | undefined;
  #state: UploadState = 'queued';
  #session: Session | undefined;
  #leg = new AbortController();
  #resumed: (() => void) | undefined;
  #isPaused = false;
  #cancelling: Promise<boolean> | undefined;
  #isTooLate: Promise<boolean> | undefined;
  #variants: Promise<FileRecord> | undefined;
  #speed = new Speed();
  #event: ReturnType<typeof setTimeout> | undefined;
  #firedAt = 0;

  /** @internal */
  constructor(
    private readonly context: Context,
    file: Blob,
    options: UploadOptions,
  ) {
    super();
    this.name = options.name ?? (file as Partial<File>).name ?? '';
    this.size = file.size;
    this.done = this.#run(file, options).catch((error) => this.#fail(error));
    // Whoever listens to the events alone has seen the failure there.
    this.done.catch(() => undefined);
  }

  /** The upload's id, once the server has given one. */
  get id(): string | undefined {
    return this.#session?.id;
  }

  /** How far it is now. */
  get progress(): Progress {
    const { stored, onItsWay, parts, sentElsewhere = 0, isFollowing = false } = this.#session ?? {};
    const isDone = this.#state === 'completed';
    let storedBytes = 0;
    for (const number of stored?.keys() ?? []) storedBytes += parts?.sizeOf(number) ?? 0;
    if (isFollowing) storedBytes = Math.max(storedBytes, sentElsewhere);
    if (isDone) storedBytes = this.size;
    const moving = [...(onItsWay?.values() ?? [])].reduce((sum, bytes) => sum + bytes, 0);
    const sentBytes = Math.min(this.size, storedBytes + (isDone ? 0 : moving));
    const bytesPerSecond = this.#state === 'uploading' || isFollowing ? this.#speed.look(sentBytes) : 0;
    return {
      state: this.#state,
      sentBytes,
      storedBytes,
      totalBytes: this.size,
      storedParts: stored?.size ?? 0,
      partCount: parts?.count ?? 0,
      bytesPerSecond,
      secondsLeft: bytesPerSecond > 0 ? (this.size - sentBytes) / bytesPerSecond : undefined,
    };
  }

  /** Stops sending at once; parts that were on their way start over, finished ones stay. */
  pause(): void {
    if (this.#isPaused || this.#hasEnded() || this.#cancelling) return;
    this.#isPaused = true;
    this.#leg.abort(PAUSED);
    this.#become('paused');
  }

  /** Goes on. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#become('queued');
    this.#resumed?.();
  }

  /**
   * Gives it up, here and on the server; `done` fails with `cancelled` then. False when it was too late: the file is, or
   * becomes, complete, and `done` says so. A file that another tab sends is left to that tab.
   */
  cancel(): Promise<boolean> {
    this.#cancelling ??= this.#cancel();
    return this.#cancelling;
  }

  /** The file as it is now, with links that live for minutes. */
  async file(): Promise<FileRecord> {
    const { fileId } = await this.done;
    return this.context.api.file(fileId, { signal: new AbortController().signal });
  }

  /** Follows the image work from now on, and gives the file once no variant is to come any more. */
  variants(): Promise<FileRecord> {
    this.#variants ??= this.#follow();
    return this.#variants;
  }

  async #run(file: Blob, options: UploadOptions): Promise<UploadResult> {
    const session = new Session(this.context, sourceOf(file, options), options, {
      onChange: () => this.#changed(),
      onPhase: (phase) => this.#isPaused || this.#cancelling || this.#become(phase),
    });
    this.#session = session;
    // The caller gets the handle before anything happens to it.
    await undefined;
    for (;;) {
      if (this.#cancelling && !(await this.#isTooLate)) {
        throw new UploadError('cancelled', `${this.name} was cancelled`);
      }
      if (this.#isPaused) {
        await new Promise<void>((resolve) => {
          this.#resumed = resolve;
        });
        continue;
      }
      this.#leg = new AbortController();
      try {
        const result = await session.leg(this.#leg.signal);
        this.#become('completed');
        return result;
      } catch (error) {
        if (error !== PAUSED && error !== STOPPED) throw error;
      }
    }
  }

  async #cancel(): Promise<boolean> {
    if (this.#hasEnded()) return this.#state !== 'completed';
    const isFollower = this.#session?.isFollowing ?? false;
    const how = { signal: new AbortController().signal, attemptsMax: CANCEL_ATTEMPTS_MAX };
    const cancelled = this.#session?.cancel(isFollower, how) ?? Promise.resolve(true);
    this.#isTooLate = cancelled.then((isCancelled) => !isCancelled);
    this.#isPaused = false;
    this.#leg.abort(STOPPED);
    this.#resumed?.();
    const isCancelled = await cancelled;
    // Too late: it goes on to its end like one that nobody cancelled.
    if (!isCancelled) this.#cancelling = undefined;
    else await this.done.catch(() => undefined);
    return isCancelled;
  }

  async #follow(): Promise<FileRecord> {
    const { fileId } = await this.done;
    const { signal } = new AbortController();
    await this.context.watcher.until({
      id: fileId,
      image: true,
      signal,
      isEnd: ({ imageState }) => ['none', 'done', 'failed'].includes(imageState ?? ''),
      onStatus: (status) => this.#see(status),
    });
    return this.file();
  }

  #see({ imageState = 'pending', variants = [], placeholder }: UploadStatus): void {
    this.image = { state: imageState, variants, placeholder };
    this.dispatchEvent(new Event('image'));
  }

  #hasEnded(): boolean {
    return ['completed', 'failed', 'cancelled'].includes(this.#state);
  }

  #fail(cause: unknown): never {
    const error =
      cause instanceof UploadError
        ? cause
        : new UploadError('bad_answer', 'something unexpected went wrong', { cause });
    this.error = error;
    this.#become(error.code === 'cancelled' ? 'cancelled' : 'failed');
    throw error;
  }

  #become(state: UploadState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#speed.restart();
    this.#fire();
  }

  #changed(): void {
    const waitMs = this.#firedAt + EVENT_MS - performance.now();
    if (waitMs <= 0) this.#fire();
    else this.#event ??= setTimeout(() => this.#fire(), waitMs);
  }

  #fire(): void {
    clearTimeout(this.#event);
    this.#event = undefined;
    this.#firedAt = performance.now();
    this.dispatchEvent(new Event('progress'));
  }
}
