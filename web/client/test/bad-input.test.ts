import { openAsBlob } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesOf, expectStored, failure, fileOf, MIB, until, useStack } from './setting.js';

const setting = useStack();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a file without bytes is refused before any call', async () => {
  const upload = setting.client().upload(new File([], 'empty.txt'));
  const error = await failure(upload.done);
  expect(error).toMatchObject({ name: 'UploadError', code: 'file_empty', retryable: false });
  expect(upload.error).toBe(error);
  expect(setting.stack.log).toEqual([]);
});

test('a blob without a name is refused before any call, and taken with one', async () => {
  const error = await failure(setting.client().upload(new Blob(['x'])).done);
  expect(error.code).toBe('invalid_option');
  expect(setting.stack.log).toEqual([]);
  const { filename } = await setting.client().upload(new Blob(['x']), { name: 'x.txt' }).done;
  expect(filename).toBe('x.txt');
});

test('names of every script arrive as they are', async () => {
  const names = [
    'résumé.pdf',
    'фото.jpg',
    '写真 (1).png',
    'صورة.png',
    'תמונה.gif',
    'ภาพ.webp',
    '👩‍👩‍👧.jpg',
    'a+b&c=d%20#?.txt',
  ];
  const client = setting.client();
  const results = await Promise.all(names.map((name) => client.upload(fileOf(100, name)).done));
  for (const [index, { id }] of results.entries()) {
    expect(setting.stack.uploads.owned('alice', id).body.filename).toBe(names[index]);
  }
});

test('a name that the server refuses fails with its code and words', async () => {
  const error = await failure(setting.client().upload(fileOf(10, 'a\\b')).done);
  expect(error).toMatchObject({ code: 'invalid_request', status: 400, requestId: 'r-2' });
  expect(error.message).toContain('without a path');
});

test('a type that the stack does not take fails with its code', async () => {
  setting.stack.faults.order('create', { kind: 'refuse', status: 415, code: 'content_type_not_allowed' });
  const error = await failure(setting.client().upload(fileOf(10)).done);
  expect(error).toMatchObject({ code: 'content_type_not_allowed', status: 415, retryable: false });
});

test('a file that changes while it uploads fails, and no file is made of it', async () => {
  const { stack, client } = setting;
  const path = join(folder, 'log.txt');
  await writeFile(path, await bytesOf(fileOf(10 * MIB)));
  stack.faults.order('put', { kind: 'silence' }, 4);
  const upload = client({ stallSeconds: 1 }).upload(await openAsBlob(path), {
    name: 'log.txt',
    partSizeBytes: MIB,
  });
  await until(() => stack.count('put') === 4);
  upload.pause();
  await appendFile(path, 'one more line');
  upload.resume();
  expect((await failure(upload.done)).code).toBe('file_changed');
  expect(stack.files()).toEqual([]);
  await until(() => [...stack.uploads.all.values()].every(({ state }) => state === 'aborted'));
});

test('a file that vanishes while it uploads fails, and no file is made of it', async () => {
  const { stack, client } = setting;
  const path = join(folder, 'gone.bin');
  await writeFile(path, await bytesOf(fileOf(10 * MIB)));
  stack.faults.order('put', { kind: 'silence' }, 4);
  const upload = client().upload(await openAsBlob(path), { name: 'gone.bin', partSizeBytes: MIB });
  await until(() => stack.count('put') === 4);
  upload.pause();
  await rm(path);
  upload.resume();
  // Node reports both a change and a loss as one.
  expect(['file_changed', 'file_unreadable']).toContain((await failure(upload.done)).code);
  expect(stack.files()).toEqual([]);
});

test('a file that cannot be read at all fails before any call', async () => {
  const file = fileOf(100);
  file.slice = () => {
    const lost = new Blob(['x']);
    lost.slice = () => lost;
    lost.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
    return lost;
  };
  const error = await failure(setting.client().upload(file).done);
  expect(error).toMatchObject({ code: 'file_unreadable', retryable: false });
  expect(setting.stack.log).toEqual([]);
});

test('bytes that are not those which were signed for are refused by S3 and reported as a change', async () => {
  const { stack, client } = setting;
  const before = await bytesOf(fileOf(10 * MIB));
  const after = Buffer.from(before);
  after.writeUInt8(before.readUInt8(5 * MIB) ^ 1, 5 * MIB);
  const path = join(folder, 'swap.bin');
  await writeFile(path, before);
  const blob = await openAsBlob(path);
  const changed = new Blob([after]);
  let reads = 0;
  // Read once for the checksums, the bytes are others when they are sent, without the system having noticed.
  const slice = blob.slice.bind(blob);
  blob.slice = (from, to, type) => (++reads > 10 ? changed.slice(from, to, type) : slice(from, to, type));
  const error = await failure(client().upload(blob, { name: 'swap.bin', partSizeBytes: MIB }).done);
  expect(error.code).toBe('file_changed');
  expect(stack.files()).toEqual([]);
});

test('bytes that were damaged on the way are sent again', async () => {
  const file = fileOf(1000);
  setting.stack.faults.order('put', { kind: 'refuse', status: 400, code: 'BadDigest' });
  await expectStored(setting.stack, (await setting.client().upload(file).done).fileId, file);
});

test('an upload of somebody else cannot be taken over, and its file is not seen', async () => {
  const { stack, client } = setting;
  const file = fileOf(1000);
  await client().upload(file).done;
  const { id } = await client({ token: 'bob-token' }).upload(file, { reuse: true }).done;
  expect(stack.uploads.owned('bob', id).owner).toBe('bob');
  expect(stack.files()).toHaveLength(2);
});
