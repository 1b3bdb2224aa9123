/** What tests share: a stack for each, files, and waiting for a moment. */
import { randomFillSync } from 'node:crypto';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Client, type ClientOptions, createClient, type UploadError } from '../src/longshore.js';
import { StandIn } from './stand-in/server.js';

export const MIB = 1024 * 1024;

/** A stack that is started for each test. */
export function useStack(): { readonly stack: StandIn; client(options?: Partial<ClientOptions>): Client } {
  let stack: StandIn;
  beforeEach(async () => {
    stack = await StandIn.start();
  });
  afterEach(() => stack.stop());
  return {
    get stack() {
      return stack;
    },
    client: (options) => createClient({ apiUrl: stack.apiUrl, token: 'alice-token', ...options }),
  };
}

/** A file of random bytes. */
export function fileOf(size: number, name = 'movie.mp4', type = 'video/mp4'): File {
  const bytes = randomFillSync(new Uint8Array(size));
  return new File([bytes], name, { type, lastModified: 1_700_000_000_000 });
}

/** The bytes of a file. */
export async function bytesOf(file: Blob): Promise<Buffer> {
  return Buffer.from(await file.arrayBuffer());
}

/** Holds a finished upload against the file that it came from, byte by byte. */
export async function expectStored(stack: StandIn, fileId: string, file: Blob): Promise<void> {
  expect(stack.bytesOf(fileId).equals(await bytesOf(file))).toBe(true);
}

/** Waits until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`it never came to this: ${isSo}`);
}

/** The error that a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<UploadError> {
  return promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );
}
