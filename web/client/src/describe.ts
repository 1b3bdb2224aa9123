/**
 * What is said about a file before its upload, and the key by which the server knows it again.
 *
 * The key is made of the file and of what is wanted for it, and of nothing else. So two tabs, a repeat after a lost
 * answer and a visit after a crash all mean the same upload, without having to remember it.
 */
import { combine, crcOf } from './crc64nvme.js';
import type { Hasher } from './hasher.js';
import type { Source, UploadOptions } from './options.js';
import type { CreateBody } from './wire.js';

const MIB = 1024 * 1024;
/** Up to here a server takes one PUT, unless it was told otherwise; and the size of small parts. */
const PART_BYTES = 8 * MIB;
/** Up to here all checksums come first, and the first answer holds all URLs. It is a tenth of a second. */
const HASHED_FIRST_BYTES = 64 * MIB;
/** Of larger files so many places are looked at, each of this length, to know them again. */
const SAMPLES = 16;
const SAMPLE_BYTES = 16 * 1024;

/** A file as it is announced. */
export interface Description {
  body: CreateBody;
  /** Names the file and what is wanted for it. */
  fingerprint: string;
  /** Checksums of parts, by number less one, where they came first. */
  crcs: string[];
}

/** Reads as much of the file as it takes. */
export async function describe(
  source: Source,
  options: UploadOptions,
  hasher: Hasher,
  signal: AbortSignal,
): Promise<Description> {
  const { file, name, size, contentType, lastModified, metadata } = source;
  const isSmall = size <= HASHED_FIRST_BYTES;
  const partSize = options.partSizeBytes ?? (isSmall && size > PART_BYTES ? PART_BYTES : undefined);
  const parts: { crc: string; size: number }[] = [];
  const step = size <= PART_BYTES ? size : (partSize ?? size);
  for (let from = 0; isSmall && from < size; from += step) {
    const slice = file.slice(from, Math.min(size, from + step));
    parts.push({ crc: await hasher.crc(slice, signal), size: slice.size });
  }
  const crcs = parts.map(({ crc }) => crc);
  const body: CreateBody = {
    filename: name,
    size,
    contentType,
    checksum: {
      algorithm: 'crc64nvme',
      ...(isSmall && { value: combine(parts) }),
      ...(crcs.length > 1 && { parts: crcs }),
    },
    ...(partSize && { partSize }),
    ...(options.priority && { priority: options.priority }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(options.expiresInSeconds && { expiresInSeconds: options.expiresInSeconds }),
    ...(options.fileExpiresInSeconds && { fileExpiresInSeconds: options.fileExpiresInSeconds }),
  };
  const content = isSmall ? '' : `.${lastModified}.${await sampled(file, hasher, signal)}`;
  return { body, fingerprint: (await crcOf(new Blob([JSON.stringify(body)]))) + content, crcs };
}

/** The same without the list of parts: for a server that plans other parts than these. */
export async function withoutParts({ body, fingerprint }: Description): Promise<Description> {
  const { partSize: _, ...rest } = body;
  const { parts: __, ...checksum } = body.checksum;
  return { body: { ...rest, checksum }, fingerprint: `${fingerprint}.whole`, crcs: [] };
}

async function sampled(file: Blob, hasher: Hasher, signal: AbortSignal): Promise<string> {
  const samples = [];
  for (let index = 0; index < SAMPLES; index++) {
    const from = Math.floor((index * (file.size - SAMPLE_BYTES)) / (SAMPLES - 1));
    const sample = file.slice(from, from + SAMPLE_BYTES);
    samples.push({ crc: await hasher.crc(sample, signal), size: sample.size });
  }
  return combine(samples);
}
