import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { bytesOf, fileOf, MIB } from '../setting.js';
import { StandIn } from '../stand-in/server.js';
import { choose, serve, shown, startChromium, untilShown } from './chromium.js';

let browser: { context: BrowserContext; stop(): Promise<void> };
let stack: StandIn;
let site: { url: string; stop(): void };
let folder: string;
let path: string;
let pages: Page[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.stop());
beforeEach(async () => {
  stack = await StandIn.start();
  site = await serve(stack);
  folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  path = join(folder, 'movie.mp4');
  await writeFile(path, await bytesOf(fileOf(12 * MIB)));
  complaints.length = 0;
});
afterEach(async () => {
  await browser.context.setOffline(false);
  await Promise.all(pages.map((page) => page.close()));
  pages = [];
  site.stop();
  await stack.stop();
  await rm(folder, { recursive: true });
});

async function open(query = '', prepare?: (page: Page) => Promise<void>): Promise<Page> {
  const page = await browser.context.newPage();
  pages.push(page);
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await prepare?.(page);
  await page.goto(site.url + query);
  await untilShown(page, ({ state }) => state === 'none');
  return page;
}

async function expectStored(fileId: string | undefined): Promise<void> {
  expect(stack.bytesOf(fileId ?? '').equals(await readFile(path))).toBe(true);
}

test('under a strict policy it uploads, reads in its worker, and nothing complains', async () => {
  const page = await open();
  const worker = page.waitForEvent('worker');
  await choose(page, path);
  expect((await worker).url()).toContain('/hash-worker.js');
  const { fileId, error } = await untilShown(page, ({ fileId, error }) => Boolean(fileId ?? error));
  expect(error).toBeUndefined();
  await expectStored(fileId);
  expect(complaints).toEqual([]);
});

test('after a reload in the middle the same file goes on, and only what is missing is sent', async () => {
  stack.putMs = 150;
  const page = await open();
  await choose(page, path);
  await untilShown(page, ({ storedParts }) => storedParts >= 4);
  await page.reload();
  const { unfinished } = await untilShown(page, ({ state }) => state === 'none');
  expect(unfinished).toBe(1);
  const before = stack.partsTaken().length;
  stack.log.length = 0;
  await choose(page, path);
  await expectStored((await untilShown(page, ({ fileId }) => Boolean(fileId))).fileId);
  expect(stack.partsTaken().length).toBeLessThanOrEqual(12 - before + 2);
  expect(stack.uploads.all.size).toBe(1);
});

test('without a line it waits, and goes on when there is one', async () => {
  stack.putMs = 150;
  const page = await open();
  await choose(page, path);
  await untilShown(page, ({ storedParts }) => storedParts >= 2);
  await browser.context.setOffline(true);
  const { storedParts } = await untilShown(page, ({ state }) => state === 'waiting');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await shown(page)).storedParts).toBe(storedParts);
  await browser.context.setOffline(false);
  await expectStored((await untilShown(page, ({ fileId }) => Boolean(fileId))).fileId);
});

test('where IndexedDB is denied it works all the same', async () => {
  const deny = () =>
    Object.defineProperty(globalThis, 'indexedDB', {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  const page = await open('', (fresh) => fresh.addInitScript(deny).then(() => undefined));
  await choose(page, path);
  await expectStored((await untilShown(page, ({ fileId }) => Boolean(fileId))).fileId);
  expect(complaints).toEqual([]);
});

test('two tabs with the same file make one upload: one sends, the other looks on', async () => {
  stack.putMs = 1_000;
  const [first, second] = [await open(), await open()];
  await choose(first, path);
  await untilShown(first, ({ storedParts }) => storedParts >= 1);
  await choose(second, path);
  const now = await untilShown(second, ({ state, storedBytes }) => state === 'waiting' && storedBytes > 0);
  expect(now.storedBytes).toBeLessThan(12 * MIB);
  const [one, other] = await Promise.all(
    [first, second].map((page) => untilShown(page, ({ fileId }) => Boolean(fileId))),
  );
  expect(other?.fileId).toBe(one?.fileId);
  await expectStored(one?.fileId);
  expect([stack.uploads.all.size, stack.partsTaken().length]).toEqual([1, 12]);
});

test('a tab that is closed hands over to the one that looked on', async () => {
  stack.putMs = 200;
  const [first, second] = [await open(), await open()];
  await choose(first, path);
  await untilShown(first, ({ storedParts }) => storedParts >= 2);
  await choose(second, path);
  await untilShown(second, ({ state }) => state === 'waiting');
  await first.close();
  await expectStored((await untilShown(second, ({ fileId }) => Boolean(fileId))).fileId);
  expect(stack.uploads.all.size).toBe(1);
});

test('a file that changes on the disk while it uploads fails, and no file is made of it', async () => {
  stack.putMs = 200;
  const page = await open();
  await choose(page, path);
  await untilShown(page, ({ storedParts }) => storedParts >= 2);
  await appendFile(path, 'one more line');
  const { error } = await untilShown(page, ({ error }) => Boolean(error));
  expect(error).toBe('file_changed');
  expect(stack.files()).toEqual([]);
});

test('within a worker it works as in a page', async () => {
  const page = await open('&worker');
  await choose(page, path);
  const { fileId, error } = await untilShown(page, ({ fileId, error }) => Boolean(fileId ?? error));
  expect(error).toBeUndefined();
  await expectStored(fileId);
});
