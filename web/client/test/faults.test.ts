import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { expectStored, failure, fileOf, MIB, until, useStack } from './setting.js';
import type { Call } from './stand-in/faults.js';

const setting = useStack();
const LOST = { kind: 'lose' } as const;

for (const call of ['create', 'put', 'report', 'status'] as Call[]) {
  test(`a lost answer of ${call} leads to one file and no second`, async () => {
    const file = fileOf(50_000);
    setting.stack.faults.order(call, LOST, 2);
    const { fileId } = await setting.client().upload(file).done;
    await expectStored(setting.stack, fileId, file);
    expect(setting.stack.uploads.all.size).toBe(1);
  });
}

for (const call of ['create', 'sign', 'put', 'report', 'status'] as Call[]) {
  test(`a lost answer of ${call} of a file in parts leads to one file and no second`, async () => {
    const { stack, client } = setting;
    stack.uploads.limits.partSizeBytes = MIB;
    const file = fileOf(10 * MIB);
    stack.faults.order(call, LOST, 2);
    const { fileId } = await client().upload(file).done;
    await expectStored(stack, fileId, file);
    expect(stack.uploads.all.size).toBe(1);
    expect(stack.count(call)).toBeGreaterThan(2);
  });
}

test('a lost answer of complete, and of the look at the file, are asked for again', async () => {
  const { stack, client } = setting;
  const file = fileOf(66 * MIB);
  stack.faults.order('complete', LOST, 1);
  stack.faults.order('file', LOST, 1);
  // A part without a tag cannot be reported, so what S3 holds is put on record.
  stack.showsTags = false;
  const { fileId } = await client().upload(file).done;
  await expectStored(stack, fileId, file);
  expect([stack.count('complete'), stack.count('file'), stack.uploads.all.size]).toEqual([2, 2, 1]);
});

test('a PUT whose answer was lost is not sent over the first one', async () => {
  const { stack, client } = setting;
  stack.faults.order('put', LOST);
  await client().upload(fileOf(1000)).done;
  expect(stack.log.filter(({ call }) => call === 'put').map(({ status }) => status)).toEqual([200, 412]);
  expect(stack.count('complete')).toBe(1);
});

test('cut connections are mended part by part', async () => {
  const file = fileOf(10 * MIB);
  setting.stack.faults.order('put', { kind: 'cut' }, 1, 3);
  setting.stack.faults.order('put', { kind: 'cut' }, 2, 7);
  const { fileId } = await setting.client().upload(file, { partSizeBytes: MIB }).done;
  await expectStored(setting.stack, fileId, file);
  expect(setting.stack.partsTaken()).toHaveLength(10);
});

test('a part in which no byte moves is sent again', async () => {
  const { stack, client } = setting;
  const file = fileOf(8 * MIB + 1000);
  stack.faults.order('put', { kind: 'silence' }, 1, 2);
  const upload = client({ stallSeconds: 1 }).upload(file);
  await expectStored(stack, (await upload.done).fileId, file);
  expect(stack.log.filter(({ call, part }) => call === 'put' && part === 2)).toHaveLength(2);
});

test('URLs that have expired are signed again, in one batch', async () => {
  const { stack, client } = setting;
  const file = fileOf(12 * MIB);
  stack.faults.order('put', { kind: 'silence' }, 12);
  const upload = client({ stallSeconds: 60 }).upload(file, { partSizeBytes: MIB });
  await until(() => stack.count('put') === 4);
  upload.pause();
  stack.faults.clear();
  // The clock of the server runs on while the lid is closed, and that of this machine does not.
  stack.clockAheadMs = 3_600_000;
  upload.resume();
  await expectStored(stack, (await upload.done).fileId, file);
  expect(stack.log.filter(({ call, status }) => call === 'put' && status === 403).length).toBeGreaterThan(0);
  expect(stack.count('sign')).toBeLessThanOrEqual(4);
});

test('URLs that are about to expire are signed again before they are used', async () => {
  const { stack, client } = setting;
  stack.urlLifetimeSeconds = 16;
  stack.putMs = 700;
  const file = fileOf(12 * MIB);
  await client({ parallelMax: 2 }).upload(file, { partSizeBytes: MIB }).done;
  expect(stack.log.filter(({ call, status }) => call === 'put' && status === 403)).toEqual([]);
  expect(stack.count('sign')).toBeGreaterThan(0);
});

for (const hours of [-1, 1]) {
  test(`a clock that is ${hours} h beside the server's changes nothing`, async () => {
    setting.stack.clockAheadMs = hours * 3_600_000;
    const file = fileOf(20 * MIB);
    await expectStored(setting.stack, (await setting.client().upload(file).done).fileId, file);
    expect(setting.stack.count('sign')).toBe(0);
  });
}

test('a refusal that no signature mends ends with the words of S3', async () => {
  setting.stack.faults.order('put', { kind: 'refuse', status: 403, code: 'AccessDenied' }, 99);
  const error = await failure(setting.client().upload(fileOf(100)).done);
  expect(error).toMatchObject({ code: 'storage_refused', status: 403, retryable: false });
  expect(error.message).toContain('AccessDenied');
  expect(setting.stack.count('put')).toBe(3);
});

test('SlowDown with Retry-After holds every part back for that time', async () => {
  const { stack, client } = setting;
  stack.putMs = 30;
  stack.faults.order('put', { kind: 'refuse', status: 503, code: 'SlowDown', retryAfter: '2' }, 1, 5);
  const times: number[] = [];
  const push = stack.log.push.bind(stack.log);
  stack.log.push = (entry) => {
    if (entry.call === 'put') times.push(performance.now());
    return push(entry);
  };
  const file = fileOf(16 * MIB);
  await expectStored(stack, (await client().upload(file, { partSizeBytes: MIB }).done).fileId, file);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(Math.max(...gaps)).toBeGreaterThan(1700);
});

test('a throttled API is asked again, with fewer calls at once', async () => {
  setting.stack.faults.order('create', { kind: 'refuse', status: 429, code: 'x' }, 2);
  setting.stack.faults.order('report', { kind: 'refuse', status: 503, code: 'busy', retryAfter: '1' }, 1);
  const file = fileOf(100);
  await expectStored(setting.stack, (await setting.client().upload(file).done).fileId, file);
});

test('a token is fetched again once after a 401, and not for ever', async () => {
  const { stack, client } = setting;
  let asked = 0;
  const token = () => (++asked === 1 ? 'old-token' : 'alice-token');
  await client({ token }).upload(fileOf(100)).done;
  expect(asked).toBe(2);
  asked = 0;
  const never = () => `old-token-${++asked}`;
  const error = await failure(client({ token: never }).upload(fileOf(100)).done);
  expect(error).toMatchObject({ code: 'unauthorized', status: 401 });
  expect([asked, stack.uploads.all.size]).toEqual([2, 1]);
});

test('an upload that expired on the way is begun anew by itself', async () => {
  const { stack, client } = setting;
  const file = fileOf(9 * MIB + 1000);
  stack.faults.order('put', { kind: 'silence' }, 1, 10);
  const upload = client({ stallSeconds: 1 }).upload(file, { partSizeBytes: MIB });
  await until(() => stack.partsTaken().length === 9);
  for (const one of stack.uploads.all.values()) one.state = 'expired';
  await expectStored(stack, (await upload.done).fileId, file);
  expect(stack.uploads.all.size).toBe(2);
});

test('parts that the server misses after the report are sent again', async () => {
  const { stack, client } = setting;
  const file = fileOf(10 * MIB);
  const assemble = stack.uploads.assemble.bind(stack.uploads);
  let isFirst = true;
  stack.uploads.assemble = (upload) => {
    if (!isFirst) return assemble(upload);
    isFirst = false;
    upload.state = 'active';
    upload.held.delete(3);
    upload.recorded.delete(3);
  };
  await expectStored(stack, (await client().upload(file, { partSizeBytes: MIB }).done).fileId, file);
  expect(stack.partsTaken()).toHaveLength(11);
});

test('a file that the server cannot take ends with its reason', async () => {
  const { stack, client } = setting;
  stack.uploads.assemble = (upload) => {
    upload.state = 'failed';
    upload.reason = { code: 'content_type_mismatch', message: 'this is no JPEG' };
  };
  const file = fileOf(100);
  const error = await failure(client().upload(file).done);
  expect(error).toMatchObject({ code: 'upload_failed', reason: { code: 'content_type_mismatch' } });
});

test('an answer of something that is not the API is said to be one', async () => {
  const page = createServer((_, response) => response.end('<html>It works!</html>')).listen(0, '127.0.0.1');
  await once(page, 'listening');
  const apiUrl = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
  const error = await failure(setting.client({ apiUrl }).upload(fileOf(10)).done);
  expect(error).toMatchObject({ code: 'bad_answer', retryable: false });
  page.close();
});
