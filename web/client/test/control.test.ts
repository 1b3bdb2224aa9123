import { expect, test } from 'vitest';
import { expectStored, failure, fileOf, MIB, until, useStack } from './setting.js';

const setting = useStack();
const SILENCE = { kind: 'silence' } as const;

test('a pause stops at once and keeps what has arrived', async () => {
  const { stack, client } = setting;
  const file = fileOf(20 * MIB);
  stack.putMs = 50;
  const upload = client({ parallelMax: 2 }).upload(file, { partSizeBytes: MIB });
  await until(() => upload.progress.storedParts >= 4);
  upload.pause();
  upload.pause();
  expect(upload.progress.state).toBe('paused');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { storedParts } = upload.progress;
  const puts = stack.count('put');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([stack.count('put'), upload.progress.storedParts]).toEqual([puts, storedParts]);
  upload.resume();
  upload.resume();
  await expectStored(stack, (await upload.done).fileId, file);
  // What was on its way when the pause came may have arrived all the same.
  expect(stack.partsTaken().length).toBeLessThanOrEqual(22);
  expect(stack.uploads.all.size).toBe(1);
});

test('a pause before the first call makes no call', async () => {
  const upload = setting.client().upload(fileOf(1000));
  upload.pause();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(setting.stack.log).toEqual([]);
  upload.resume();
  await upload.done;
});

test('a pause while the create is on its way leads to one upload', async () => {
  const { stack, client } = setting;
  stack.faults.order('create', { kind: 'lose' });
  const upload = client().upload(fileOf(1000));
  await until(() => stack.count('create') === 1);
  upload.pause();
  upload.resume();
  await upload.done;
  expect(stack.uploads.all.size).toBe(1);
});

test('a pause while the server assembles ends in the file', async () => {
  const { stack, client } = setting;
  stack.assembleMs = 500;
  const upload = client().upload(fileOf(1000));
  await until(() => upload.progress.state === 'finishing' && stack.count('report') === 1);
  upload.pause();
  upload.resume();
  await upload.done;
  expect(stack.partsTaken()).toEqual([1]);
});

test('cancel ends it on the server too', async () => {
  const { stack, client } = setting;
  stack.faults.order('put', SILENCE, 99);
  const upload = client().upload(fileOf(10 * MIB));
  await until(() => stack.count('put') > 0);
  const [first, second] = [upload.cancel(), upload.cancel()];
  expect([await first, await second]).toEqual([true, true]);
  expect((await failure(upload.done)).code).toBe('cancelled');
  expect(upload.progress.state).toBe('cancelled');
  expect([...stack.uploads.all.values()].map(({ state }) => state)).toEqual(['aborted']);
  expect(await upload.cancel()).toBe(true);
});

test('cancel before the first call makes no call', async () => {
  const upload = setting.client().upload(fileOf(1000));
  expect(await upload.cancel()).toBe(true);
  expect((await failure(upload.done)).code).toBe('cancelled');
  expect(setting.stack.log).toEqual([]);
});

test('cancel while the answer of create is on its way ends that upload', async () => {
  const { stack, client } = setting;
  stack.faults.order('create', { kind: 'lose' });
  const upload = client().upload(fileOf(1000));
  await until(() => stack.uploads.all.size === 1);
  expect(await upload.cancel()).toBe(true);
  expect([...stack.uploads.all.values()].map(({ state }) => state)).toEqual(['aborted']);
});

test('cancel of a paused upload ends it', async () => {
  const { stack, client } = setting;
  stack.faults.order('put', SILENCE, 1);
  const upload = client().upload(fileOf(1000));
  await until(() => stack.count('put') === 1);
  upload.pause();
  expect(await upload.cancel()).toBe(true);
  upload.resume();
  expect((await failure(upload.done)).code).toBe('cancelled');
});

test('cancel that comes too late says so, and the file is there', async () => {
  const { stack, client } = setting;
  stack.assembleMs = 300;
  const file = fileOf(1000);
  const upload = client().upload(file);
  await until(() => stack.count('report') === 1 && upload.progress.state === 'finishing');
  expect(await upload.cancel()).toBe(false);
  await expectStored(stack, (await upload.done).fileId, file);
  expect(upload.progress.state).toBe('completed');
  expect(await upload.cancel()).toBe(false);
});

test('cancel does not wait for a server that is away', async () => {
  const { stack, client } = setting;
  stack.faults.order('put', SILENCE, 9);
  const upload = client().upload(fileOf(1000));
  await until(() => stack.count('put') === 1);
  stack.faults.order('cancel', { kind: 'cut' }, 99);
  expect(await upload.cancel()).toBe(true);
  expect((await failure(upload.done)).code).toBe('cancelled');
});

test('an upload that was cancelled elsewhere ends with that', async () => {
  const { stack, client } = setting;
  stack.faults.order('put', { kind: 'cut' }, 1);
  const upload = client().upload(fileOf(1000));
  await until(() => stack.uploads.all.size === 1);
  for (const one of stack.uploads.all.values()) one.state = 'aborted';
  const error = await failure(upload.done);
  expect(error.code).toBe('upload_aborted');
});

test('a cancelled file can be uploaded again', async () => {
  const { stack, client } = setting;
  const file = fileOf(1000);
  stack.faults.order('put', SILENCE, 1);
  const first = client().upload(file);
  await until(() => stack.count('put') === 1);
  await first.cancel();
  await expectStored(stack, (await client().upload(file).done).fileId, file);
});
