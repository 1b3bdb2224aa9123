/**
 * One upload from the file to the verified object.
 *
 * It goes by what the server says: active, then parts are sent; completing, then it waits; completed, then it compares.
 * A leg can be stopped at any moment and begun again, by this session or by another one after a reload.
 */
import { linked, OVER } from './aborting.js';
import { Checksums, changed } from './checksums.js';
import type { Context } from './context.js';
import { type Description, describe, withoutParts } from './describe.js';
import { UploadError } from './errors.js';
import { alone } from './lock.js';
import type { Source, UploadOptions } from './options.js';
import { Parts } from './parts.js';
import { type Ledger, Sender } from './sender.js';
import { now, type RetryOptions } from './waiting.js';
import type { Created, PartSpan, ServerState, UploadStatus } from './wire.js';

/** Parts that one call reports at most. */
const REPORTED_PER_CALL_MAX = 1000;
/** How often the server may ask for parts again, or forget the upload, before something else is wrong. */
const ROUNDS_MAX = 6;
/** How many ended uploads of the same file are passed over. */
const EARLIER_MAX = 100;

/** A finished upload. */
export interface UploadResult {
  /** The upload's id. */
  id: string;
  /** The file's id, for `GET /files/{id}`. */
  fileId: string;
  filename: string;
  /** Bytes. */
  size: number;
  contentType: string;
  /** CRC-64/NVME of the whole file, base64, as it was read here; S3 holds the same. */
  checksum: { algorithm: 'crc64nvme'; value: string };
}

/** What a session is doing. */
export type Phase = 'queued' | 'preparing' | 'uploading' | 'waiting' | 'finishing';

/** Where the upload stands, by the server's word. */
interface Standing {
  state: ServerState;
  missing?: PartSpan[] | undefined;
  reason?: UploadStatus['reason'];
}

/** One upload under way. */
export class Session implements Ledger {
  /** Its id, once there is one. */
  id: string | undefined;
  parts: Parts | undefined;
  readonly stored = new Map<number, string | null>();
  readonly onItsWay = new Map<number, number>();
  /** Bytes that another tab has sent, as far as the server knows. */
  sentElsewhere = 0;
  /** Set while another tab, or another handle of this page, sends. */
  isFollowing = false;
  #description: Description | undefined;
  #checksums: Checksums | undefined;
  #sender: Sender | undefined;
  #after: string | undefined;
  #hasWaited = false;
  #wasAnnounced = false;
  #leave: () => void = () => undefined;

  constructor(
    private readonly context: Context,
    readonly source: Source,
    private readonly options: UploadOptions,
    private readonly hear: { onChange(): void; onPhase(phase: Phase): void },
  ) {}

  /** Goes on until the file is there. Fails with the signal's reason when that is raised. */
  async leg(signal: AbortSignal): Promise<UploadResult> {
    try {
      await this.#enter(signal);
      if (!this.#description) {
        this.#description = await describe(this.source, this.options, this.context.hasher, signal);
        const record = await this.context.store.get(this.#key);
        this.#after = this.options.reuse ? undefined : record?.after;
      }
      return await this.#alone(signal);
    } finally {
      this.#leave();
      this.onItsWay.clear();
      this.isFollowing = false;
    }
  }

  /**
   * Gives the upload up on the server too. False when it is too late: the file is, or becomes, complete. One that
   * another tab sends is left to it.
   */
  async cancel(isFollower: boolean, how: RetryOptions): Promise<boolean> {
    if (!this.#wasAnnounced || isFollower) return true;
    try {
      // The answer that was on its way names the upload; the same key names it again.
      this.id ??= (await this.#create(how)).id;
      const { state } = await this.context.api.cancel(this.id, how);
      return state !== 'completing' && state !== 'completed';
    } catch (error) {
      return !(error instanceof UploadError && error.code === 'wrong_state');
    } finally {
      await this.#end();
    }
  }

  /** The record's key in the store, once the file is described. */
  get #key(): string {
    return `${this.context.api.url} ${this.#description?.fingerprint}`;
  }

  onChange(): void {
    this.hear.onChange();
  }

  onOffline(isOffline: boolean): void {
    this.hear.onPhase(isOffline ? 'waiting' : 'uploading');
  }

  async save(): Promise<void> {
    const { name, size } = this.source;
    const crcs = this.#checksums?.toStore() ?? [];
    await this.context.store.put({ key: this.#key, after: this.#after, id: this.id ?? '', name, size, crcs });
  }

  async #enter(signal: AbortSignal): Promise<void> {
    this.hear.onPhase('queued');
    this.#leave = await this.context.starts.enter(signal);
    this.hear.onPhase('preparing');
  }

  /** Takes part in the upload when nobody else sends it; until then it looks on. */
  #alone(signal: AbortSignal): Promise<UploadResult> {
    const follow = linked(signal);
    const onWait = (): void => {
      this.#leave();
      this.#hasWaited = this.isFollowing = true;
      this.hear.onPhase('waiting');
      void this.#follow(follow.signal).catch(() => undefined);
    };
    return alone(`longshore ${this.#key}`, signal, onWait, async () => {
      follow.unlink();
      follow.abort(OVER);
      if (this.isFollowing) await this.#enter(signal);
      this.isFollowing = false;
      return this.#bring(signal);
    });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const created = await this.#create({ signal });
    this.id = created.id;
    await this.context.watcher.until({
      id: created.id,
      signal,
      isEnd: ({ state }) => isEnded(state),
      onStatus: ({ receivedBytes }) => {
        this.sentElsewhere = receivedBytes;
        this.onChange();
      },
    });
  }

  async #bring(signal: AbortSignal): Promise<UploadResult> {
    const how = { signal, onOffline: (isOffline: boolean) => this.onOffline(isOffline) };
    for (let round = 0; round < ROUNDS_MAX; round++) {
      try {
        let standing = await this.#look(how);
        if (standing.state === 'active' || standing.state === 'initiating') {
          standing = await this.#send(standing.missing, how);
        }
        if (standing.state === 'completing') standing = await this.#wait(signal);
        if (standing.state === 'completed') return await this.#verify(how);
        if (standing.state === 'failed') {
          await this.#end();
          throw failed(standing);
        }
        if (standing.state === 'aborted') {
          await this.#end();
          throw new UploadError('upload_aborted', 'the upload was cancelled elsewhere', { retryable: true });
        }
        if (isEnded(standing.state)) await this.#startAnew();
      } catch (error) {
        if (!(error instanceof UploadError)) throw error;
        if (error.code === 'file_changed') await this.#giveUp();
        if (error.code === 'upload_expired' || (error.code === 'not_found' && this.id))
          await this.#startAnew();
        else if (!['wrong_state', 'part_conflict', 'parts_missing'].includes(error.code)) throw error;
      }
    }
    throw new UploadError('upload_failed', 'the server keeps asking for parts that were sent', {
      retryable: true,
    });
  }

  /** Creates the upload, or asks where it stands. */
  async #look(how: RetryOptions): Promise<Standing> {
    if (this.id && this.parts) return this.#ask(how);
    const record = await this.context.store.get(this.#key);
    const askedAt = now();
    const created = await this.#create(how);
    const isKnown = record?.id === created.id;
    const description = this.#description as Description;
    this.id = created.id;
    this.parts = Parts.of(this.source.file, created);
    const known = (isKnown && record?.crcs) || [];
    this.#checksums = new Checksums(this.parts, this.context.hasher, known, [...description.crcs]);
    this.#sender = new Sender(this.context, created.id, this.parts, this.#checksums, this);
    this.#sender.take(created.parts, askedAt);
    if (created.strategy === 'multipart' && !isEnded(created.state)) await this.save();
    return isKnown && !isEnded(created.state) ? this.#ask(how) : created;
  }

  async #ask(how: RetryOptions): Promise<Standing> {
    const status = await this.context.api.status(this.id as string, how);
    // Past its time it shows as active until the next cleanup; then the first call that changes anything says so.
    return status;
  }

  /** The upload of this file that is under way, or a new one. Those that have ended are passed over. */
  async #create(how: RetryOptions): Promise<Created> {
    const adopts = this.options.reuse || this.#hasWaited;
    for (let earlier = 0; earlier < EARLIER_MAX; earlier++) {
      const created = await this.#createOnce(how);
      const isTaken = created.state === 'completed' && adopts && (await this.#isThere(created.id, how));
      if (!isEnded(created.state) || isTaken) return created;
      this.#after = created.id;
    }
    throw new UploadError('bad_answer', 'every upload that the server creates has ended already');
  }

  async #createOnce(how: RetryOptions): Promise<Created> {
    const { body, fingerprint } = this.#description as Description;
    this.#wasAnnounced = true;
    try {
      return await this.context.api.create(body, `longshore.${fingerprint}.${this.#after ?? ''}`, how);
    } catch (error) {
      // A stack may plan other parts than these and then cannot take their list.
      const isRefused = error instanceof UploadError && error.code === 'invalid_request';
      if (!isRefused || !body.checksum.parts) throw error;
      this.#description = await withoutParts(this.#description as Description);
      return this.#createOnce(how);
    }
  }

  async #isThere(id: string, how: RetryOptions): Promise<boolean> {
    return this.context.api.file(id, how).then(
      () => true,
      (error) => (error.code === 'not_found' ? false : Promise.reject(error)),
    );
  }

  /** Sends what is missing and says that it is there. */
  async #send(missing: PartSpan[] | undefined, how: RetryOptions): Promise<Standing> {
    const { parts, sender, checksums, id } = this.#plan();
    this.hear.onPhase('uploading');
    const absent = new Set(missing ? parts.in(missing) : parts.all());
    for (const number of parts.all()) {
      // What an earlier visit sent counts only when it is known what that was.
      if (absent.has(number) || !checksums.stored(number)) this.stored.delete(number);
      else if (!this.stored.has(number)) this.stored.set(number, null);
    }
    this.onChange();
    const earlier = [...this.stored.keys()];
    const stop = linked(how.signal);
    // What is there already is read too, beside the sending: only so can it be known that the file is still the same.
    const proof = this.#prove(earlier, stop.signal);
    proof.catch((error) => stop.abort(error));
    try {
      await sender.send(
        parts.all().filter((number) => !this.stored.has(number)),
        stop.signal,
      );
      await proof;
    } finally {
      stop.unlink();
      stop.abort(OVER);
    }
    this.hear.onPhase('finishing');
    return this.#report(id, how);
  }

  async #prove(numbers: number[], signal: AbortSignal): Promise<void> {
    for (const number of numbers) await this.#plan().checksums.of(number, signal);
  }

  async #report(id: string, how: RetryOptions): Promise<Standing> {
    const { api } = this.context;
    const sent = [...this.stored].map(([partNumber, etag]) => ({ partNumber, etag: etag ?? '' }));
    // Without a tag there is nothing to report, but S3 knows what it holds.
    if (sent.some(({ etag }) => !etag)) return api.complete(id, how);
    let answer: Standing = { state: 'active' };
    for (let from = 0; from < sent.length; from += REPORTED_PER_CALL_MAX) {
      answer = await api.report(id, sent.slice(from, from + REPORTED_PER_CALL_MAX), how);
    }
    return answer;
  }

  async #wait(signal: AbortSignal): Promise<Standing> {
    this.#leave();
    this.hear.onPhase('finishing');
    const isEnd = ({ state }: UploadStatus): boolean => state !== 'completing' && state !== 'initiating';
    return this.context.watcher.until({ id: this.id as string, signal, isEnd });
  }

  /** Compares what S3 holds with what was read here. */
  async #verify(how: RetryOptions): Promise<UploadResult> {
    this.hear.onPhase('finishing');
    const { parts, checksums, id } = this.#plan();
    const declared = (this.#description as Description).body.checksum.value;
    const value = declared ?? (await checksums.whole(how.signal));
    if (!declared) {
      const { checksum } = await this.context.api.file(id, how);
      const isWhole = checksum?.type === 'FULL_OBJECT' && checksum.algorithm === 'crc64nvme';
      if (isWhole && checksum.value !== value) {
        await this.#end();
        throw new UploadError('checksum_mismatch', 'what S3 holds is not what was read from the file');
      }
    }
    for (const number of parts.all()) this.stored.set(number, this.stored.get(number) ?? null);
    await this.#end();
    const { name: filename, size, contentType } = this.source;
    return { id, fileId: id, filename, size, contentType, checksum: { algorithm: 'crc64nvme', value } };
  }

  #plan(): { id: string; parts: Parts; checksums: Checksums; sender: Sender } {
    const { id, parts } = this;
    const [checksums, sender] = [this.#checksums, this.#sender];
    if (!id || !parts || !checksums || !sender) throw changed();
    return { id, parts, checksums, sender };
  }

  /** Puts on record that this upload has ended, so that the same file begins a new one. */
  async #end(): Promise<void> {
    await this.context.store.put({ key: this.#key, after: this.id ?? this.#after });
  }

  /** The server has no use for this upload any more: the next round creates another. */
  async #startAnew(): Promise<void> {
    await this.#end();
    this.#after = this.id ?? this.#after;
    this.id = this.parts = undefined;
    this.stored.clear();
  }

  /** The file changed: what was sent of the old one is not wanted any more. */
  async #giveUp(): Promise<void> {
    const how = { signal: new AbortController().signal, attemptsMax: 2 };
    await this.cancel(false, how);
  }
}

function isEnded(state: ServerState): boolean {
  return ['completed', 'failed', 'aborted', 'expiring', 'expired'].includes(state);
}

function failed({ reason }: Standing): UploadError {
  return new UploadError('upload_failed', reason?.message ?? 'the server could not make a file of it', {
    reason,
  });
}
