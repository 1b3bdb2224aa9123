/**
 * Files of a disk for Node.
 *
 * Node's own `fs.openAsBlob` counts in 32 bits: a file of 5 GiB has 1 GiB for it, and its slices beyond 2 GiB are empty
 * (<https://github.com/nodejs/node/issues/52585>). Here nothing is held but the path and what the file looked like.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/** How much is read at once. */
const CHUNK_BYTES = 256 * 1024;

/** Opens a file for `upload`. It is read piece by piece, and refuses to be read once it has changed. */
export async function openFile(path: string, options: { type?: string } = {}): Promise<File> {
  const { size, mtimeMs } = await stat(path);
  return new FileOnDisk({ path, mtimeMs, fileSize: size }, 0, size, options.type ?? '');
}

interface Place {
  path: string;
  mtimeMs: number;
  fileSize: number;
}

/** A range of a file. It is a `File` by name; what it inherits of one is empty and never asked. */
class FileOnDisk extends File {
  readonly #place: Place;
  readonly #from: number;
  readonly #to: number;

  constructor(place: Place, from: number, to: number, type: string) {
    super([], basename(place.path), { type, lastModified: Math.floor(place.mtimeMs) });
    this.#place = place;
    this.#from = from;
    this.#to = to;
  }

  override get size(): number {
    return this.#to - this.#from;
  }

  override slice(start = 0, end = this.size, type = ''): Blob {
    const at = (offset: number): number =>
      this.#from + Math.max(0, Math.min(this.size, offset < 0 ? this.size + offset : offset));
    return new FileOnDisk(this.#place, at(start), Math.max(at(start), at(end)), type);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    await this.#opened(async (file) => {
      for (let at = 0; at < bytes.length; ) at += await this.#read(file, bytes.subarray(at), this.#from + at);
    });
    return bytes.buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = 0;
    return new ReadableStream(
      {
        pull: async (controller) => {
          const piece = this.slice(at, at + CHUNK_BYTES);
          if (piece.size > 0) controller.enqueue(new Uint8Array(await piece.arrayBuffer()));
          at += piece.size;
          if (at >= this.size) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #opened(task: (file: FileHandle) => Promise<void>): Promise<void> {
    const { path, mtimeMs, fileSize } = this.#place;
    const file = await open(path).catch((cause) => {
      throw named('NotFoundError', cause);
    });
    try {
      const now = await file.stat();
      if (now.mtimeMs !== mtimeMs || now.size !== fileSize) throw named('NotReadableError');
      await task(file);
    } finally {
      await file.close();
    }
  }

  async #read(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
    const { bytesRead } = await file.read(into, 0, into.length, position);
    if (bytesRead === 0) throw named('NotReadableError');
    return bytesRead;
  }
}

/** Errors have the names that browsers give them. */
function named(name: string, cause?: unknown): Error {
  return Object.assign(new Error('the file cannot be read', { cause }), { name });
}
