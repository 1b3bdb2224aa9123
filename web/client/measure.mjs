// Measures what the README claims: the checksum beside the bare implementation in the same run, the memory that a large
// file takes, and what a page loads. `npm run measure`.
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Crc64Nvme } from '@aws-sdk/crc64-nvme';
import { crcOf, createClient } from './dist/longshore.js';
import { openFile } from './dist/node.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const sizeBytes = Number(process.argv[2] ?? 4) * GIB;
const say = (text) => process.stdout.write(`${text}\n`);

/** MB/s, the median of five. */
async function rate(bytes, task) {
  const rates = [];
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    await task();
    rates.push(bytes / 1000 / (performance.now() - started));
  }
  return rates.sort((a, b) => a - b)[2].toFixed(0);
}

async function measureChecksum() {
  const bytes = new Uint8Array(64 * MIB).map((_, at) => (at * 2654435761) >>> 13);
  const blob = new Blob([bytes]);
  const bare = async () => {
    const crc = new Crc64Nvme();
    crc.update(bytes);
    await crc.digest();
  };
  say(`checksum of a blob of 64 MiB: ${await rate(bytes.length, () => crcOf(blob))} MB/s`);
  say(`the same bytes by the AWS SDK's implementation alone: ${await rate(bytes.length, bare)} MB/s`);
  if (crc32) say(`CRC-32 of zlib, in C, for scale: ${await rate(bytes.length, () => crc32(bytes))} MB/s`);
}

/** A stack that takes everything and keeps nothing: what is measured is the client. */
async function startSink() {
  const uploads = new Map();
  const server = createServer(async (request, response) => {
    const [, what, id, , last] = request.url.split('?')[0].split('/');
    const chunks = [];
    for await (const chunk of request) if (request.method !== 'PUT') chunks.push(chunk);
    const answer = (status, body) => response.writeHead(status).end(JSON.stringify(body));
    if (request.method === 'PUT') return response.writeHead(200, { etag: '"x"' }).end();
    if (what === 'files') return answer(200, { id, variants: [], metadata: {} });
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : {};
    if (!id) {
      const partSize = 64 * MIB;
      uploads.set('1', { left: Math.ceil(body.size / partSize), size: body.size, partSize });
      const partCount = uploads.get('1').left;
      return answer(201, { id: '1', state: 'active', strategy: 'multipart', partSize, partCount, parts: [] });
    }
    const { size, partSize } = uploads.get(id);
    if (last === 'sign') {
      const url = `http://127.0.0.1:${server.address().port}/put?X-Amz-Expires=900`;
      const signed = ({ partNumber }) => {
        const rest = size - (partNumber - 1) * partSize;
        return { partNumber, size: Math.min(partSize, rest), url, headers: {} };
      };
      return answer(200, { parts: body.parts.map(signed) });
    }
    answer(200, { id, state: 'completed', missing: [], receivedBytes: size, receivedParts: 1 });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function measureMemory() {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  const path = join(folder, 'sparse.bin');
  const file = await open(path, 'w');
  await file.truncate(sizeBytes);
  await file.close();
  const server = await startSink();
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const look = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 100);
  const client = createClient({
    apiUrl: `http://127.0.0.1:${server.address().port}`,
    token: 'x',
    live: false,
  });
  const started = performance.now();
  await client.upload(await openFile(path)).done;
  clearInterval(look);
  const seconds = (performance.now() - started) / 1000;
  const [from, to] = [before, most].map((bytes) => (bytes / MIB).toFixed(0));
  say(`${sizeBytes / GIB} GiB in ${seconds.toFixed(0)} s: resident memory from ${from} to at most ${to} MiB`);
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
}

await measureChecksum();
await measureMemory();
