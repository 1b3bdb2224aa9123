import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient } from '../src/longshore.js';
import { StandIn } from './stand-in/server.js';

let stack: StandIn;
beforeEach(async () => {
  stack = await StandIn.start();
});
afterEach(() => stack.stop());

const MIB = 1024 * 1024;

function fileOf(size: number, name = 'movie.mp4', seed = 1): File {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = ((at * 2654435761) ^ (seed * 97)) >>> 13;
  return new File([bytes], name, { type: 'video/mp4', lastModified: 1_700_000_000_000 });
}

const client = () => createClient({ apiUrl: stack.apiUrl, token: 'alice-token' });

test('a small file takes one PUT and three calls', async () => {
  const file = fileOf(100_000);
  const upload = client().upload(file);
  const result = await upload.done;
  expect(stack.bytesOf(result.fileId)).toEqual(Buffer.from(await file.arrayBuffer()));
  expect(upload.progress).toMatchObject({ state: 'completed', storedBytes: 100_000, sentBytes: 100_000 });
  expect(stack.log.map(({ call }) => call)).toEqual(['create', 'put', 'report', 'status']);
});

test('a file of many parts takes three calls when its checksums come first', async () => {
  const file = fileOf(40 * MIB + 17);
  const result = await client().upload(file).done;
  expect(stack.bytesOf(result.fileId).equals(Buffer.from(await file.arrayBuffer()))).toBe(true);
  expect(stack.count('create') + stack.count('sign') + stack.count('report')).toBe(2);
  expect(stack.partsTaken().sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a larger file is signed in batches while it is read', async () => {
  const file = fileOf(100 * MIB);
  const result = await client().upload(file).done;
  expect(stack.bytesOf(result.fileId).equals(Buffer.from(await file.arrayBuffer()))).toBe(true);
  expect(stack.count('sign')).toBeLessThan(5);
});
