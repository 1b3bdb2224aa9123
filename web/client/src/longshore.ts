/**
 * Uploads files to Longshore from a browser, a worker or Node.
 *
 * ```js
 * const client = createClient({ apiUrl, token });
 * const upload = client.upload(file);
 * upload.addEventListener('progress', () => show(upload.progress));
 * const { fileId } = await upload.done;
 * ```
 */
import { Api } from './api.js';
import type { Context } from './context.js';
import { Hasher } from './hasher.js';
import type { ClientOptions, UploadOptions } from './options.js';
import { Pool } from './pool.js';
import { Store } from './store.js';
import { Upload } from './upload.js';
import { Watcher } from './watcher.js';

export type { TokenSource } from './api.js';
export { crcOf } from './crc64nvme.js';
export { type ClientErrorCode, type ErrorCode, type ServerErrorCode, UploadError } from './errors.js';
export type { ClientOptions, UploadOptions } from './options.js';
export type { UploadResult } from './session.js';
export type { ImageProgress, Progress, Upload, UploadState } from './upload.js';
export type { FileRecord, ImageState, Placeholder, Reason, Variant } from './wire.js';

/** Uploads that read and send at once; more would only make each of them slower. */
const STARTS = 6;
/** Calls of the API at once. */
const CALLS = { start: 4, max: 8 };
/** A browser opens six connections to one host that speaks HTTP/1.1, as S3 does; more parts would wait in its queue. */
const PARALLEL_MAX_BROWSER = 6;
const PARALLEL_MAX = 16;
const PARALLEL_START = 4;
const STALL_SECONDS = 20;

/** What is known about an upload that was begun and not finished, on this device. */
export interface Unfinished {
  name: string;
  /** Bytes. */
  size: number;
}

/** A stack, for one owner. */
export interface Client {
  /** Begins to upload a file, or goes on where an upload of the same file was broken off. */
  upload(file: Blob, options?: UploadOptions): Upload;
  /** What a reload or a crash interrupted: choose the same file again, and it goes on. */
  unfinished(): Promise<Unfinished[]>;
}

/** All files of one client share its connections. */
export function createClient(options: ClientOptions): Client {
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const api = new Api(apiUrl, options.token, new Pool(CALLS));
  const fallback = typeof XMLHttpRequest === 'function' ? PARALLEL_MAX_BROWSER : PARALLEL_MAX;
  const store = new Store();
  const context: Context = {
    api,
    starts: new Pool({ start: STARTS, max: STARTS }),
    puts: new Pool({ start: PARALLEL_START, max: options.parallelMax ?? fallback }),
    hasher: new Hasher(),
    store,
    watcher: new Watcher(api, options.live ?? true),
    stallMs: (options.stallSeconds ?? STALL_SECONDS) * 1000,
  };
  return {
    upload: (file, wishes = {}) => new Upload(context, file, wishes),
    async unfinished() {
      const records = (await store.all()).filter(({ key, id }) => id && key.startsWith(`${apiUrl} `));
      return records.map(({ name = '', size = 0 }) => ({ name, size }));
    },
  };
}
