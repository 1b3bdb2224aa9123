/** A real browser and a page under a strict policy, for tests. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type { StandIn } from '../stand-in/server.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript' };

/** Starts Chromium with a profile of its own. Where there is none it says how to get one, and fails. */
export async function startChromium(): Promise<{ context: BrowserContext; stop(): Promise<void> }> {
  const executablePath = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (!executablePath) {
    throw new Error(
      'no Chromium is here: install it (Debian: apt-get install chromium), or name one in CHROMIUM',
    );
  }
  const profile = await mkdtemp(join(tmpdir(), 'longshore-chromium-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
  return {
    context,
    async stop() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Serves the built client and the pages of this folder under the strictest policy that they can have. */
export async function serve(stack: StandIn): Promise<{ url: string; stop(): void }> {
  const connect = `${stack.apiUrl} ${stack.apiUrl.replace('http', 'ws')} ${stack.s3Url}`;
  const policy = `default-src 'none'; script-src 'self'; worker-src 'self'; connect-src ${connect}`;
  const server: Server = createServer(async (request, response) => {
    const name = new URL(request.url ?? '', 'http://x').pathname.slice(1) || 'page.html';
    for (const folder of [new URL('../../dist/', import.meta.url), new URL('./', import.meta.url)]) {
      const text = await readFile(new URL(name, folder)).catch(() => undefined);
      if (!text) continue;
      const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain';
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(text);
      return;
    }
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/?api=${stack.apiUrl}`, stop: () => server.close() };
}

/** What the page shows of its upload. */
export interface Shown {
  state: string;
  storedParts: number;
  storedBytes: number;
  sentBytes: number;
  error?: string;
  fileId?: string;
  unfinished: number;
}

/** Chooses a file on a page, as a person would. */
export async function choose(page: Page, path: string): Promise<void> {
  await page.setInputFiles('#pick', path);
}

/** What the page shows now. */
export function shown(page: Page): Promise<Shown> {
  return page.evaluate(() => (globalThis as unknown as { shown: Shown }).shown);
}

/** Waits until the page shows something. */
export async function untilShown(page: Page, isSo: (now: Shown) => boolean): Promise<Shown> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const now = await shown(page);
    if (now && isSo(now)) return now;
    // What has failed comes to nothing else.
    if (now?.error) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the page never came to this: ${isSo}; it shows ${JSON.stringify(await shown(page))}`);
}
