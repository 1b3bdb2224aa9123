import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Upload } from '../src/longshore.js';
import { bytesOf, expectStored, failure, fileOf, MIB, until, useStack } from './setting.js';

const setting = useStack();
const PARTS = { partSizeBytes: MIB };
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});
afterEach(() => vi.unstubAllGlobals());

/** Uploads until `count` parts have arrived and then stops for good, as a tab that was closed. */
async function crashAfter(count: number, file: File, options = PARTS): Promise<Upload> {
  const { stack, client } = setting;
  stack.putMs = 20;
  const upload = client({ parallelMax: 1 }).upload(file, options);
  await until(() => stack.partsTaken().length >= count);
  upload.pause();
  await until(() => stack.running === 0);
  stack.log.length = 0;
  return upload;
}

test('after a crash only the missing parts are sent', async () => {
  const { stack, client } = setting;
  const file = fileOf(12 * MIB);
  await crashAfter(5, file);
  const upload = client().upload(new File([file], file.name, file), PARTS);
  await expectStored(stack, (await upload.done).fileId, file);
  expect(stack.partsTaken().length).toBeLessThanOrEqual(7);
  expect([stack.count('create'), stack.count('status') > 0, stack.uploads.all.size]).toEqual([1, true, 1]);
});

test('after a crash of a large file only the missing parts are sent', async () => {
  const { stack, client } = setting;
  const file = fileOf(72 * MIB);
  await crashAfter(5, file, { partSizeBytes: 8 * MIB });
  const upload = client().upload(new File([file], file.name, file), { partSizeBytes: 8 * MIB });
  await expectStored(stack, (await upload.done).fileId, file);
  expect(stack.partsTaken().length).toBeLessThanOrEqual(4);
  expect(stack.uploads.all.size).toBe(1);
});

test('what was interrupted is listed until it is finished', async () => {
  const { client } = setting;
  const file = fileOf(12 * MIB);
  await crashAfter(3, file);
  expect(await client().unfinished()).toEqual([{ name: 'movie.mp4', size: 12 * MIB }]);
  expect(await client({ apiUrl: 'https://other.example.com' }).unfinished()).toEqual([]);
  await client().upload(file, PARTS).done;
  expect(await client().unfinished()).toEqual([]);
});

test('a large file that changed unseen is refused, and can be uploaded as it is now', async () => {
  const { stack, client } = setting;
  const file = fileOf(72 * MIB);
  const options = { partSizeBytes: 8 * MIB };
  await crashAfter(5, file, options);
  const bytes = await bytesOf(file);
  // In a part that has arrived, at a place at which no sample is taken; name, size and date are the same.
  bytes.writeUInt8(bytes.readUInt8(9_000_000) ^ 1, 9_000_000);
  const changed = new File([new Uint8Array(bytes)], file.name, file);
  const error = await failure(client().upload(changed, options).done);
  expect(error).toMatchObject({ code: 'file_changed', retryable: false });
  expect(stack.files()).toEqual([]);
  await expectStored(stack, (await client().upload(changed, options).done).fileId, changed);
  expect([...stack.uploads.all.values()].map(({ state }) => state)).toEqual(['aborted', 'completed']);
});

test('a file that changed visibly is another file', async () => {
  const { stack, client } = setting;
  await crashAfter(5, fileOf(12 * MIB));
  const changed = fileOf(12 * MIB);
  await expectStored(stack, (await client().upload(changed, PARTS).done).fileId, changed);
  expect(stack.partsTaken()).toHaveLength(12);
});

for (const state of ['expired', 'aborted', 'failed'] as const) {
  test(`an upload that is ${state} when the file comes back begins anew`, async () => {
    const { stack, client } = setting;
    const file = fileOf(12 * MIB);
    await crashAfter(5, file);
    for (const one of stack.uploads.all.values()) one.state = state;
    await expectStored(stack, (await client().upload(file, PARTS).done).fileId, file);
    expect(stack.partsTaken()).toHaveLength(12);
  });
}

test('an upload of which the server knows nothing any more begins anew', async () => {
  const { stack, client } = setting;
  const file = fileOf(12 * MIB);
  await crashAfter(5, file);
  stack.uploads.forget();
  await expectStored(stack, (await client().upload(file, PARTS).done).fileId, file);
  expect(stack.partsTaken()).toHaveLength(12);
});

test('another owner on the same device does not go on with the upload of the first', async () => {
  const { stack, client } = setting;
  const file = fileOf(12 * MIB);
  await crashAfter(5, file);
  const { id } = await client({ token: 'bob-token' }).upload(file, PARTS).done;
  expect(stack.uploads.owned('bob', id).owner).toBe('bob');
  expect(stack.partsTaken()).toHaveLength(12);
});

test('where storage is denied it works, and a crash costs the parts and no second upload', async () => {
  globalThis.indexedDB = {
    open: () => {
      throw new DOMException('denied', 'SecurityError');
    },
  } as unknown as IDBFactory;
  const { stack, client } = setting;
  const file = fileOf(12 * MIB);
  await crashAfter(5, file);
  await expectStored(stack, (await client().upload(file, PARTS).done).fileId, file);
  expect(stack.partsTaken()).toHaveLength(12);
  expect(stack.uploads.all.size).toBe(1);
});

test('storage that breaks on the way is done without', async () => {
  const { stack, client } = setting;
  const file = fileOf(12 * MIB);
  const { open } = indexedDB;
  let asked = 0;
  indexedDB.open = (...args) => {
    const request = open.apply(indexedDB, args);
    request.addEventListener('success', () => {
      const { transaction } = request.result;
      request.result.transaction = (...names: Parameters<typeof transaction>) => {
        if (++asked > 2) throw new DOMException('full', 'QuotaExceededError');
        return transaction.apply(request.result, names);
      };
    });
    return request;
  };
  await expectStored(stack, (await client().upload(file, PARTS).done).fileId, file);
  expect(asked).toBe(3);
});

test('the same file twice at once is one upload and one object', async () => {
  const { stack, client } = setting;
  stack.putMs = 50;
  const file = fileOf(12 * MIB);
  const first = client().upload(file, PARTS);
  await until(() => stack.partsTaken().length > 0);
  const second = client().upload(new File([file], file.name, file), PARTS);
  await until(() => second.progress.state === 'waiting' && second.progress.storedBytes > 0);
  const [one, other] = await Promise.all([first.done, second.done]);
  expect(other).toEqual(one);
  expect([stack.uploads.all.size, stack.partsTaken().length]).toEqual([1, 12]);
});

test('the same small file twice at once is one object', async () => {
  const { stack, client } = setting;
  const file = fileOf(1000);
  const [one, other] = await Promise.all([client().upload(file).done, client().upload(file).done]);
  expect(other).toEqual(one);
  expect([stack.uploads.all.size, stack.partsTaken().length]).toEqual([1, 1]);
});

test('two tabs that know nothing of each other end with one object', async () => {
  const { stack, client } = setting;
  stack.putMs = 50;
  // A lock that everybody gets at once is none.
  const request = (_: string, options: object, task = options as (lock: object) => unknown) => task({});
  vi.stubGlobal('navigator', { locks: { request } });
  const file = fileOf(12 * MIB);
  const both = [client().upload(file, PARTS).done, client().upload(file, PARTS).done];
  const [one, other] = await Promise.all(both);
  expect(other).toEqual(one);
  expect(stack.uploads.all.size).toBe(1);
});

test('whoever only looks on leaves the upload alone when it is cancelled', async () => {
  const { stack, client } = setting;
  stack.putMs = 50;
  const file = fileOf(12 * MIB);
  const first = client().upload(file, PARTS);
  await until(() => stack.partsTaken().length > 0);
  const second = client().upload(file, PARTS);
  await until(() => second.progress.state === 'waiting');
  expect(await second.cancel()).toBe(true);
  expect((await failure(second.done)).code).toBe('cancelled');
  await expectStored(stack, (await first.done).fileId, file);
});

test('whoever looked on goes on when the sender is gone', async () => {
  const { stack, client } = setting;
  stack.putMs = 50;
  const file = fileOf(12 * MIB);
  const first = client({ parallelMax: 2 }).upload(file, PARTS);
  await until(() => stack.partsTaken().length > 2);
  const second = client().upload(file, PARTS);
  await until(() => second.progress.state === 'waiting');
  first.pause();
  await expectStored(stack, (await second.done).fileId, file);
  expect(stack.uploads.all.size).toBe(1);
  first.resume();
  expect((await first.done).fileId).toBe((await second.done).fileId);
});

test('a file that is uploaded again after it is complete is a new file', async () => {
  const { stack, client } = setting;
  const file = fileOf(1000);
  const ids = new Set<string>();
  for (let round = 0; round < 3; round++) ids.add((await client().upload(file).done).fileId);
  expect(ids.size).toBe(3);
  expect(stack.count('create')).toBe(3);
});

test('a file that is uploaded again without storage is a new file too', async () => {
  Reflect.deleteProperty(globalThis, 'indexedDB');
  const { client } = setting;
  const file = fileOf(1000);
  const ids = new Set<string>();
  for (let round = 0; round < 3; round++) ids.add((await client().upload(file).done).fileId);
  expect(ids.size).toBe(3);
});

test('with reuse the earlier file is given, and no byte is sent', async () => {
  const { stack, client } = setting;
  const file = fileOf(12 * MIB);
  const first = await client().upload(file, { ...PARTS, reuse: true }).done;
  stack.log.length = 0;
  expect(await client().upload(file, { ...PARTS, reuse: true }).done).toEqual(first);
  expect(stack.count('put')).toBe(0);
});
