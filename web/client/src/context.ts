/** What all uploads of a client share. */
import type { Api } from './api.js';
import type { Hasher } from './hasher.js';
import type { Pool } from './pool.js';
import type { Store } from './store.js';
import type { Watcher } from './watcher.js';

export interface Context {
  api: Api;
  /** Places for uploads that read and send; the others wait. */
  starts: Pool;
  /** Places for parts. */
  puts: Pool;
  hasher: Hasher;
  store: Store;
  watcher: Watcher;
  /** Silence after which a part is sent again, in milliseconds. */
  stallMs: number;
}
