import { beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { fileOf, until, useStack } from './setting.js';

const setting = useStack();
beforeEach(() => {
  vi.stubGlobal('WebSocket', WebSocket);
  setting.stack.isLive = true;
});

const subscriptions = () =>
  setting.stack.liveMessages.map((text) => JSON.parse(text)).filter(({ action }) => action === 'subscribe');

test('many uploads are waited for by one socket', async () => {
  const { stack, client } = setting;
  stack.assembleMs = 4_000;
  const one = client();
  const uploads = Array.from({ length: 6 }, (_, index) => one.upload(fileOf(1000, `${index}.bin`)));
  await Promise.all(uploads.map(({ done }) => done));
  expect(stack.count('ticket')).toBe(1);
  // Each was asked for at the beginning, and then told.
  expect(stack.count('status')).toBeLessThanOrEqual(18);
});

test('after a break the socket comes back with the last sequence it saw', async () => {
  const { stack, client } = setting;
  const upload = client().upload(fileOf(1000, 'a.jpg', 'image/jpeg'));
  const { id } = await upload.done;
  const record = stack.uploads.owned('alice', id);
  const variants = upload.variants();
  await until(() => subscriptions().length > 0);
  record.imageState = 'partial';
  record.variants = ['640x480.webp'];
  stack.push(record);
  await until(() => upload.image?.state === 'partial');
  const { sequence } = record;
  const asked = stack.count('file');
  stack.dropSockets();
  await until(() => stack.count('file') > asked);
  await until(() => subscriptions().length > 1);
  expect(subscriptions().at(-1)).toEqual({ action: 'subscribe', uploads: [{ id, sequence }] });
  record.imageState = 'done';
  stack.push(record);
  await variants;
});

test('a message that is not newer changes nothing', async () => {
  const { stack, client } = setting;
  const upload = client().upload(fileOf(1000, 'a.jpg', 'image/jpeg'));
  const { id } = await upload.done;
  const record = stack.uploads.owned('alice', id);
  record.sequence = 50;
  const states: string[] = [];
  upload.addEventListener('image', () => states.push(upload.image?.state ?? ''));
  const variants = upload.variants();
  await until(() => subscriptions().length > 0);
  record.imageState = 'partial';
  stack.push(record);
  await until(() => states.includes('partial'));
  const seen = states.length;
  record.sequence = 3;
  record.imageState = 'done';
  stack.push(record);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(states).toHaveLength(seen);
  record.sequence = 60;
  stack.push(record);
  await variants;
});

test('a stack without a live channel is asked once for a ticket, and then polled', async () => {
  const { stack, client } = setting;
  stack.isLive = false;
  stack.assembleMs = 3_000;
  const one = client();
  await Promise.all(Array.from({ length: 5 }, (_, index) => one.upload(fileOf(1000, `${index}`)).done));
  expect(stack.count('ticket')).toBe(1);
  expect(stack.count('status')).toBeLessThan(5 * 10);
});

test('live can be switched off', async () => {
  const { stack, client } = setting;
  stack.assembleMs = 2_000;
  const one = client({ live: false });
  await Promise.all(Array.from({ length: 5 }, (_, index) => one.upload(fileOf(1000, `${index}`)).done));
  expect(stack.count('ticket')).toBe(0);
});

test('a socket that nobody needs any more is closed', async () => {
  const { stack, client } = setting;
  const upload = client().upload(fileOf(1000, 'a.jpg', 'image/jpeg'));
  const { id } = await upload.done;
  const variants = upload.variants();
  await until(() => subscriptions().length > 0);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  Object.assign(stack.uploads.owned('alice', id), { imageState: 'done' });
  stack.push(stack.uploads.owned('alice', id));
  await variants;
  expect(stack.openSockets).toBe(1);
  await vi.advanceTimersByTimeAsync(10_001);
  vi.useRealTimers();
  await until(() => stack.openSockets === 0);
});
