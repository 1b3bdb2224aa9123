/**
 * CRC-64/NVME, the checksum that S3 keeps of whole objects.
 *
 * The bytes go through the implementation of the AWS SDK, bundled at build time. What it lacks is here: putting the
 * checksums of parts together to that of the whole, by the arithmetic of zlib's `crc32_combine` over 64 bits.
 */
import { Crc64Nvme } from '@aws-sdk/crc64-nvme';

/** How much of a file is in memory while it is read. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** x^64 is left out; bit 63 is x^0, as the bits of this CRC run backwards. */
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const ONE = 1n << 63n;

/** Reads a blob piece by piece and gives its checksum, base64. */
export async function crcOf(blob: Blob): Promise<string> {
  const crc = new Crc64Nvme();
  for (let from = 0; from < blob.size; from += CHUNK_BYTES) {
    crc.update(new Uint8Array(await blob.slice(from, from + CHUNK_BYTES).arrayBuffer()));
  }
  return btoa(String.fromCharCode(...(await crc.digest())));
}

/** The checksum of `parts` one after the other, each with its length in bytes. */
export function combine(parts: Iterable<{ crc: string; size: number }>): string {
  let whole = 0n;
  let power = ONE;
  let powerOf = 0;
  for (const { crc, size } of parts) {
    if (whole !== 0n && size !== powerOf) {
      power = powerOfX(BigInt(size) * 8n);
      powerOf = size;
    }
    whole = multiply(whole, power) ^ fromBase64(crc);
  }
  return toBase64(whole);
}

/** The product of two polynomials modulo the one of this CRC. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let bit = ONE; bit > 0n && b !== 0n; bit >>= 1n) {
    if (a & bit) product ^= b;
    b = b & 1n ? (b >> 1n) ^ POLYNOMIAL : b >> 1n;
  }
  return product;
}

/** x to the power of `exponent`. */
function powerOfX(exponent: bigint): bigint {
  let result = ONE;
  for (let square = ONE >> 1n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = multiply(square, result);
    square = multiply(square, square);
  }
  return result;
}

function fromBase64(text: string): bigint {
  return [...atob(text)].reduce((sum, char) => (sum << 8n) | BigInt(char.charCodeAt(0)), 0n);
}

function toBase64(value: bigint): string {
  const bytes = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(56 - 8 * index)) & 255n));
  return btoa(String.fromCharCode(...bytes));
}
