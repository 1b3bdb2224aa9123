/** The checksums of one file's parts: made ahead of the sending, and held against what was known before. */
import { combine } from './crc64nvme.js';
import { UploadError } from './errors.js';
import type { Hasher } from './hasher.js';
import type { Parts } from './parts.js';

/** How far ahead of the sending files are read. */
const AHEAD_BYTES = 1024 * 1024 * 1024;
const AHEAD_PARTS_MAX = 128;

/** Checksums by part number, from 1. */
export class Checksums {
  #made: (string | undefined)[];
  #making = new Map<number, Promise<string>>();

  /** `known` are those that an earlier visit stored: whatever is read now has to equal them. */
  constructor(
    private readonly parts: Parts,
    private readonly hasher: Hasher,
    private readonly known: (string | null)[],
    fresh: string[] = [],
  ) {
    this.#made = fresh;
  }

  /** The checksum of a part that has been read. */
  ready(number: number): string | undefined {
    return this.#made[number - 1];
  }

  /** The checksum of a part as it was stored by an earlier visit, or has been read. */
  stored(number: number): string | null {
    return this.#made[number - 1] ?? this.known[number - 1] ?? null;
  }

  /** All of them, for the store. */
  toStore(): (string | null)[] {
    return this.parts.all().map((number) => this.stored(number));
  }

  /** Reads a part, unless that was done. */
  of(number: number, signal: AbortSignal): Promise<string> {
    const made = this.ready(number);
    if (made) return Promise.resolve(made);
    let making = this.#making.get(number);
    if (!making) {
      making = this.#make(number, signal).finally(() => this.#making.delete(number));
      this.#making.set(number, making);
    }
    return making;
  }

  /** Begins to read the next of `numbers`, as many as are worth it. Failures come out where one is needed. */
  ahead(numbers: number[], signal: AbortSignal): void {
    const count = Math.min(AHEAD_PARTS_MAX, Math.max(2, Math.floor(AHEAD_BYTES / this.parts.partSize)));
    for (const number of numbers.slice(0, count)) this.of(number, signal).catch(() => undefined);
  }

  /** Reads a part once more and tells whether it is still what it was. */
  async isUnchanged(number: number, signal: AbortSignal): Promise<boolean> {
    return (await this.hasher.crc(this.parts.slice(number), signal)) === this.ready(number);
  }

  /** Reads what was not read yet and gives the checksum of the whole file. */
  async whole(signal: AbortSignal): Promise<string> {
    const all = [];
    for (const number of this.parts.all()) {
      all.push({ crc: await this.of(number, signal), size: this.parts.sizeOf(number) });
    }
    return combine(all);
  }

  async #make(number: number, signal: AbortSignal): Promise<string> {
    const crc = await this.hasher.crc(this.parts.slice(number), signal);
    if ((this.known[number - 1] ?? crc) !== crc) throw changed();
    this.#made[number - 1] = crc;
    return crc;
  }
}

/** The bytes are others than those whose upload began. */
export function changed(): UploadError {
  return new UploadError(
    'file_changed',
    'the file is not the one whose upload began; upload it again as it is now',
  );
}
