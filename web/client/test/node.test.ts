import { appendFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describe } from '../src/describe.js';
import { Hasher } from '../src/hasher.js';
import { openFile } from '../src/node.js';
import { sourceOf } from '../src/options.js';
import { bytesOf, expectStored, failure, fileOf, MIB, until, useStack } from './setting.js';

const setting = useStack();
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  path = join(folder, 'movie.mp4');
});
afterEach(() => rm(folder, { recursive: true }));

test('a file of the disk is uploaded by its path', async () => {
  await writeFile(path, await bytesOf(fileOf(70 * MIB + 3)));
  const file = await openFile(path, { type: 'video/mp4' });
  expect([file.name, file.type, file.size]).toEqual(['movie.mp4', 'video/mp4', 70 * MIB + 3]);
  const { fileId, contentType } = await setting.client().upload(file).done;
  expect(contentType).toBe('video/mp4');
  await expectStored(setting.stack, fileId, new Blob([new Uint8Array(await readFile(path))]));
});

test('its slices are those of a blob of the same bytes', async () => {
  const bytes = await bytesOf(fileOf(1000));
  await writeFile(path, bytes);
  const [file, blob] = [await openFile(path), new Blob([new Uint8Array(bytes)])];
  for (const [from, to] of [
    [0, 10],
    [990, 2000],
    [-10, undefined],
    [5, -5],
    [700, 300],
    [2000, 3000],
  ]) {
    const [ours, theirs] = [file.slice(from, to), blob.slice(from, to)];
    expect(ours.size, `${from} to ${to}`).toBe(theirs.size);
    expect(await bytesOf(ours)).toEqual(await bytesOf(theirs));
    expect(await new Response(ours.stream()).arrayBuffer()).toEqual(await theirs.arrayBuffer());
    expect(await bytesOf(ours.slice(1, 4))).toEqual(await bytesOf(theirs.slice(1, 4)));
  }
});

test('a file beyond four gibibytes has its size and its bytes', async () => {
  const size = 5 * 1024 * MIB;
  const handle = await open(path, 'w');
  await handle.write('the end', size - 7);
  await handle.close();
  const file = await openFile(path);
  expect(file.size).toBe(size);
  expect(await file.slice(size - 7).text()).toBe('the end');
  expect(await new Response(file.slice(size - 3).stream()).text()).toBe('end');
});

test('large files of the same name, size and date are told apart by their bytes', async () => {
  const bytes = await bytesOf(fileOf(66 * MIB));
  const fingerprints = new Set<string>();
  for (const first of [0, 1, 1]) {
    await writeFile(path, bytes.fill(first, 0, 1));
    const file = Object.defineProperty(await openFile(path), 'lastModified', { value: 1 });
    const { signal } = new AbortController();
    fingerprints.add((await describe(sourceOf(file, {}), {}, new Hasher(), signal)).fingerprint);
  }
  expect(fingerprints.size).toBe(2);
});

test('a file that changes while it uploads is told from one that vanishes', async () => {
  const { stack, client } = setting;
  for (const [code, harm] of [
    ['file_changed', () => appendFile(path, 'one more line')],
    ['file_unreadable', () => rm(path)],
  ] as const) {
    await writeFile(path, await bytesOf(fileOf(10 * MIB)));
    stack.log.length = 0;
    stack.faults.order('put', { kind: 'silence' }, 4);
    const upload = client().upload(await openFile(path), { partSizeBytes: MIB });
    await until(() => stack.count('put') === 4);
    upload.pause();
    stack.faults.clear();
    await harm();
    upload.resume();
    expect((await failure(upload.done)).code).toBe(code);
  }
  expect(stack.files()).toEqual([]);
});
