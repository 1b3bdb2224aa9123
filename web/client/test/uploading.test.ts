import { expect, test } from 'vitest';
import { bytesOf, expectStored, fileOf, MIB, useStack } from './setting.js';
import { crc64 } from './stand-in/uploads.js';

const setting = useStack();

test('a small file takes one PUT and two calls until the server has it all', async () => {
  const file = fileOf(100_000);
  const upload = setting.client().upload(file);
  const result = await upload.done;
  await expectStored(setting.stack, result.fileId, file);
  expect(result.checksum.value).toBe(await crc64(await bytesOf(file)));
  expect(upload.progress).toMatchObject({ state: 'completed', storedBytes: 100_000, sentBytes: 100_000 });
  expect(setting.stack.log.map(({ call }) => call)).toEqual(['create', 'put', 'report', 'status']);
});

test('a file of many parts is created, sent and reported, when its checksums come first', async () => {
  const file = fileOf(40 * MIB + 17);
  const result = await setting.client().upload(file).done;
  await expectStored(setting.stack, result.fileId, file);
  const { stack } = setting;
  expect([stack.count('create'), stack.count('sign'), stack.count('report')]).toEqual([1, 0, 1]);
  expect(stack.partsTaken().sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a larger file is signed in batches while it is read, and compared at the end', async () => {
  const file = fileOf(70 * MIB);
  const result = await setting.client().upload(file).done;
  await expectStored(setting.stack, result.fileId, file);
  expect(result.checksum.value).toBe(await crc64(await bytesOf(file)));
  expect(setting.stack.count('sign')).toBeLessThanOrEqual(3);
  expect(setting.stack.count('file')).toBe(1);
});

test('what S3 holds in the end is held against what was read', async () => {
  const file = fileOf(65 * MIB);
  const upload = setting.client().upload(file);
  setting.stack.assembleMs = 100;
  const { held } = await firstUpload();
  const report = setInterval(() => {
    const part = held.get(2);
    if (part) held.set(2, { ...part, crc: 'AAAAAAAAAAA=' });
  }, 1);
  await expect(upload.done).rejects.toMatchObject({ code: 'checksum_mismatch' });
  clearInterval(report);
  expect(upload.progress.state).toBe('failed');
});

async function firstUpload() {
  for (;;) {
    const [upload] = setting.stack.uploads.all.values();
    if (upload) return upload;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a stack that plans other parts than expected is followed', async () => {
  setting.stack.uploads.limits = { singlePutBytesMax: 1000, partSizeBytes: MIB };
  const file = fileOf(10 * MIB + 1);
  const result = await setting.client().upload(file).done;
  await expectStored(setting.stack, result.fileId, file);
  expect(setting.stack.partsTaken()).toHaveLength(11);
});

test('progress grows to the whole, and is told at most ten times a second', async () => {
  const upload = setting.client().upload(fileOf(30 * MIB), { partSizeBytes: MIB });
  const seen: number[] = [];
  const states = new Set<string>();
  const started = performance.now();
  upload.addEventListener('progress', () => {
    seen.push(upload.progress.storedBytes);
    states.add(upload.progress.state);
  });
  await upload.done;
  expect(seen.at(-1)).toBe(30 * MIB);
  expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  expect([...states]).toEqual(['preparing', 'uploading', 'finishing', 'completed']);
  expect(seen.length).toBeLessThanOrEqual((performance.now() - started) / 100 + states.size + 1);
});

test('folders go to the metadata', async () => {
  const file = fileOf(10, 'a.txt');
  Object.defineProperty(file, 'webkitRelativePath', { value: 'photos/2026/a.txt' });
  const { id } = await setting.client().upload(file, { metadata: { album: 'x' } }).done;
  const { body } = setting.stack.uploads.owned('alice', id);
  expect(body.metadata).toEqual({ album: 'x', relativePath: 'photos/2026/a.txt' });
  expect(body.filename).toBe('a.txt');
});

test('the image work is followed when somebody asks for it', async () => {
  const upload = setting.client().upload(fileOf(5000, 'photo.jpg', 'image/jpeg'));
  const { id } = await upload.done;
  const record = setting.stack.uploads.owned('alice', id);
  const seen: string[][] = [];
  upload.addEventListener('image', () => seen.push(upload.image?.variants ?? []));
  const variants = upload.variants();
  setTimeout(() => Object.assign(record, { imageState: 'partial', variants: ['640x480.webp'] }), 100);
  setTimeout(() => {
    Object.assign(record, { imageState: 'done', variants: ['640x480.webp', '640x480.avif'] });
  }, 1200);
  expect((await variants).variants.map(({ name }) => name)).toEqual(['640x480.webp', '640x480.avif']);
  expect(seen).toContainEqual(['640x480.webp']);
  expect(upload.image?.state).toBe('done');
});
