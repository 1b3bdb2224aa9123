import { afterEach, expect, test, vi } from 'vitest';
import { createClient } from '../src/longshore.js';
import type { CreateBody } from '../src/wire.js';
import { Uploads } from './stand-in/uploads.js';

afterEach(() => vi.unstubAllGlobals());

/** The calls of single PUTs without a network in between: ten thousand files would take minutes through one. */
function stubStack() {
  const uploads = new Uploads();
  const seen = { running: 0, runningMax: 0, puts: 0 };
  const headers = new Headers({ etag: '"x"' });
  const json = (status: number, body: object) => {
    return { ok: true, status, headers, text: async () => JSON.stringify(body) };
  };
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    seen.runningMax = Math.max(seen.runningMax, ++seen.running);
    await new Promise((resolve) => setImmediate(resolve));
    seen.running--;
    const [, what = '', id = ''] = new URL(url).pathname.split('/');
    if (init.method === 'PUT') {
      seen.puts++;
      uploads.owned('alice', id).held.set(1, { etag: '"x"', size: 1, crc: '', bytes: undefined });
      return json(200, {});
    }
    if (init.method === 'POST' && !id) {
      const { 'idempotency-key': key } = init.headers as Record<string, string>;
      const { id: made, body } = uploads.create('alice', key, JSON.parse(String(init.body)) as CreateBody);
      const part = {
        partNumber: 1,
        size: body.size,
        headers: {},
        url: `https://bucket.example.com/put/${made}`,
      };
      const plan = { strategy: 'single', partSize: body.size, partCount: 1, parts: [part] };
      return json(201, { id: made, state: 'active', ...plan });
    }
    const upload = uploads.owned('alice', id);
    if (init.method === 'POST') uploads.report(upload, [{ partNumber: 1, etag: '"x"' }]);
    upload.state = 'completed';
    return json(200, { id, state: what === 'uploads' ? 'completed' : '', missing: [], receivedBytes: 1 });
  });
  return { uploads, seen };
}

test('10,000 files at once go through one pool, in bounded memory, each once', {
  timeout: 600_000,
}, async () => {
  const { uploads, seen } = stubStack();
  const client = createClient({ apiUrl: 'https://api.example.com', token: 'x', live: false });
  const bytes = new Uint8Array(1000);
  const before = process.memoryUsage().heapUsed;
  const files = Array.from({ length: 10_000 }, (_, index) => new File([bytes], `${index}.bin`));
  const handles = files.map((file) => client.upload(file));
  let activeMax = 0;
  const look = setInterval(() => {
    const active = handles.filter(({ progress }) => ['preparing', 'uploading'].includes(progress.state));
    activeMax = Math.max(activeMax, active.length);
  }, 100);
  const results = await Promise.all(handles.map(({ done }) => done));
  clearInterval(look);
  expect(new Set(results.map(({ fileId }) => fileId)).size).toBe(10_000);
  expect([uploads.all.size, seen.puts]).toEqual([10_000, 10_000]);
  // Six files at once, and no more calls than their pools allow.
  expect(activeMax).toBeGreaterThan(0);
  expect(activeMax).toBeLessThanOrEqual(6);
  expect(seen.runningMax).toBeLessThanOrEqual(8 + 16);
  // What the stub keeps of them included: some kilobytes a file.
  expect((process.memoryUsage().heapUsed - before) / 10_000).toBeLessThan(40_000);
});
