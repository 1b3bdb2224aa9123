import { randomBytes, randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { combine, crcOf } from '../src/crc64nvme.js';
import { crc64 } from './stand-in/uploads.js';

test('the check value of the algorithm is met', async () => {
  // The check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms.
  const expected = Buffer.from('ae8b14860a799888', 'hex').toString('base64');
  expect(await crcOf(new Blob(['123456789']))).toBe(expected);
});

test('checksums of parts combine to that of the whole, however it is cut', async () => {
  for (let round = 0; round < 60; round++) {
    const bytes = randomBytes(randomInt(1, 200_000));
    const parts = [];
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + randomInt(1, bytes.length + 1));
      parts.push({ crc: await crc64(part), size: part.length });
      from += part.length;
    }
    expect(combine(parts), `${bytes.length} bytes in ${parts.length} parts`).toBe(await crc64(bytes));
  }
});

test('equal parts, of which only the last is shorter, combine as well', async () => {
  const bytes = randomBytes(1_000_003);
  for (const size of [1, 7, 1000, 65_536, 1_000_003].filter((size) => size > 500)) {
    const parts = [];
    for (let from = 0; from < bytes.length; from += size) {
      const part = bytes.subarray(from, from + size);
      parts.push({ crc: await crc64(part), size: part.length });
    }
    expect(combine(parts)).toBe(await crc64(bytes));
  }
});

test('one changed bit changes the whole', async () => {
  const bytes = randomBytes(100_000);
  const before = await crcOf(new Blob([new Uint8Array(bytes)]));
  bytes.writeUInt8(bytes.readUInt8(77_777) ^ 4, 77_777);
  expect(await crcOf(new Blob([new Uint8Array(bytes)]))).not.toBe(before);
});

test('a blob larger than what is read at once has the checksum of its bytes', async () => {
  const bytes = randomBytes(9 * 1024 * 1024 + 5);
  expect(await crcOf(new Blob([new Uint8Array(bytes)]))).toBe(await crc64(bytes));
});
