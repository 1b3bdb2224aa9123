/**
 * What outlives a reload: for each file its upload, and the checksums of the parts that may be in S3 already.
 *
 * In IndexedDB. Where that is denied or breaks, in memory: uploads work all the same, and begin with their first part
 * after a reload.
 */

/** A server forgets uploads after about a week, so older records name nothing. */
const KEPT_MS = 8 * 24 * 3600 * 1000;

/** What is known about the uploads of one file. */
export interface StoredUpload {
  /** The API and the file's fingerprint. */
  key: string;
  /** The last upload of this file that has ended. */
  after?: string | undefined;
  /** The one under way. */
  id?: string;
  /** Its name, for people. */
  name?: string;
  /** Bytes. */
  size?: number;
  /** Checksums by part, from the first on; null where a part was never offered to S3. */
  crcs?: (string | null)[];
  /** Epoch milliseconds of this machine. */
  savedAt?: number;
}

/** Records by key. Nothing here fails. */
export class Store {
  #memory = new Map<string, StoredUpload>();
  #database: Promise<IDBDatabase | undefined> | undefined;

  /** The record of a file. */
  async get(key: string): Promise<StoredUpload | undefined> {
    const found = await this.#run('readonly', (records) => records.get(key));
    return (found as StoredUpload | undefined) ?? this.#memory.get(key);
  }

  /** Every record. */
  async all(): Promise<StoredUpload[]> {
    const found = (await this.#run('readonly', (records) => records.getAll())) as StoredUpload[] | undefined;
    return found ?? [...this.#memory.values()];
  }

  /** Replaces the record of a file. */
  async put(record: StoredUpload): Promise<void> {
    const dated = { ...record, savedAt: Date.now() };
    const isKept = await this.#run('readwrite', (records) => records.put(dated));
    if (isKept === undefined) this.#memory.set(record.key, dated);
  }

  /** What one request gives; undefined when there is no database, or it failed. */
  async #run(mode: IDBTransactionMode, ask: (records: IDBObjectStore) => IDBRequest): Promise<unknown> {
    this.#database ??= open();
    const database = await this.#database;
    try {
      return database && (await result(ask(database.transaction('uploads', mode).objectStore('uploads'))));
    } catch {
      // The disk is full, or the browser has taken the database away: from now on, memory.
      this.#database = Promise.resolve(undefined);
      return undefined;
    }
  }
}

async function open(): Promise<IDBDatabase | undefined> {
  try {
    const request = indexedDB.open('longshore', 1);
    request.onupgradeneeded = () =>
      request.result.createObjectStore('uploads', { keyPath: 'key' }).createIndex('savedAt', 'savedAt');
    const database = await result(request);
    database.onversionchange = () => database.close();
    const old = database.transaction('uploads', 'readwrite').objectStore('uploads');
    const cursor = old.index('savedAt').openCursor(IDBKeyRange.upperBound(Date.now() - KEPT_MS));
    cursor.onsuccess = () => {
      cursor.result?.delete();
      cursor.result?.continue();
    };
    return database;
  } catch {
    return undefined;
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
