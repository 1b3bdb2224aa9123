/** The state of uploads in the stand-in, by the rules of the project's README. */
import { createHash, randomBytes } from 'node:crypto';
import { Crc64Nvme } from '@aws-sdk/crc64-nvme';
import type { CreateBody, PartSpan, Reason, ServerState } from '../../src/wire.js';

const MIB = 1024 * 1024;

/** A refusal of the API. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly missing?: PartSpan[],
  ) {
    super(message);
  }
}

/** Bytes that S3 holds. */
export interface StoredPart {
  etag: string;
  size: number;
  crc: string;
  bytes: Buffer | undefined;
}

/** One upload. */
export interface StandInUpload {
  id: string;
  owner: string;
  body: CreateBody;
  state: ServerState;
  partSize: number;
  partCount: number;
  isSingle: boolean;
  /** What S3 holds, by part. */
  held: Map<number, StoredPart>;
  recorded: Set<number>;
  sequence: number;
  reason: Reason | undefined;
  imageState: string;
  variants: string[];
}

/** Limits of a stack. */
export interface Limits {
  singlePutBytesMax: number;
  /** Smaller than S3's, so that tests need few bytes. */
  partSizeBytes: number | undefined;
}

/** All uploads of all owners. */
export class Uploads {
  readonly all = new Map<string, StandInUpload>();
  #keys = new Map<string, { id: string; digest: string }>();
  limits: Limits = { singlePutBytesMax: 8 * MIB, partSizeBytes: undefined };

  create(owner: string, key: string | undefined, body: CreateBody): StandInUpload {
    if (!(body.size > 0)) throw new Refusal(400, 'invalid_request', 'size must be at least 1 byte');
    if (!body.filename || /[/\\]/.test(body.filename)) {
      throw new Refusal(400, 'invalid_request', 'filename must be a name without a path');
    }
    const digest = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const tied = key === undefined ? undefined : this.#keys.get(`${owner} ${key}`);
    if (tied && tied.digest !== digest) throw new Refusal(409, 'idempotency_conflict', 'another body');
    if (tied) return this.owned(owner, tied.id);
    const isSingle = body.size <= this.limits.singlePutBytesMax;
    const preferred = Math.max(8 * MIB, Math.ceil(body.size / 100 / MIB) * MIB);
    const partSize = isSingle
      ? body.size
      : (this.limits.partSizeBytes ?? body.partSize ?? Math.min(preferred, 64 * MIB));
    const partCount = Math.ceil(body.size / partSize);
    const named = body.checksum.parts?.length;
    if (named !== undefined && named !== partCount) {
      throw new Refusal(400, 'invalid_request', `checksum.parts has ${named} entries, not ${partCount}`);
    }
    const id = `01K${randomBytes(12).toString('base64url')}`;
    const upload: StandInUpload = {
      id,
      owner,
      body,
      state: 'active',
      partSize,
      partCount,
      isSingle,
      held: new Map(),
      recorded: new Set(),
      sequence: 1,
      reason: undefined,
      imageState: body.contentType.startsWith('image/') ? 'pending' : 'none',
      variants: [],
    };
    this.all.set(id, upload);
    if (key !== undefined) this.#keys.set(`${owner} ${key}`, { id, digest });
    return upload;
  }

  /** Loses every upload and every key, as after a week. */
  forget(): void {
    this.all.clear();
    this.#keys.clear();
  }

  owned(owner: string, id: string): StandInUpload {
    const upload = this.all.get(id);
    if (!upload || upload.owner !== owner) throw new Refusal(404, 'not_found', 'there is no such upload');
    return upload;
  }

  /** Puts reported parts on record; what S3 does not hold is refused. */
  report(upload: StandInUpload, parts: { partNumber: number; etag: string }[]): void {
    if (upload.state === 'completing' || upload.state === 'completed') return;
    takesParts(upload);
    for (const { partNumber, etag } of parts) {
      if (upload.held.get(partNumber)?.etag !== etag) {
        throw new Refusal(409, 'part_conflict', `part ${partNumber} is not in S3`);
      }
    }
    for (const { partNumber } of parts) upload.recorded.add(partNumber);
    if (upload.recorded.size === upload.partCount) upload.state = 'completing';
  }

  /** Records what S3 holds, and completes if that is all. */
  complete(upload: StandInUpload): void {
    if (upload.state === 'completing' || upload.state === 'completed') return;
    takesParts(upload);
    for (const number of upload.held.keys()) upload.recorded.add(number);
    if (upload.recorded.size < upload.partCount) {
      throw new Refusal(409, 'parts_missing', 'parts are missing', missingOf(upload, upload.recorded));
    }
    upload.state = 'completing';
  }

  cancel(upload: StandInUpload): void {
    if (upload.state === 'completing' || upload.state === 'completed') {
      throw new Refusal(409, 'wrong_state', 'the upload is completing');
    }
    upload.state = 'aborted';
  }

  /** Puts the parts together and holds them against the declared checksum. */
  assemble(upload: StandInUpload): void {
    if (upload.state !== 'completing') return;
    const declared = upload.body.checksum.value;
    if (declared && upload.isSingle && upload.held.get(1)?.crc !== declared) {
      upload.state = 'failed';
      upload.reason = { code: 'checksum_mismatch', message: 'the object has another checksum' };
    } else {
      upload.state = 'completed';
    }
    upload.sequence++;
  }
}

/** Refuses what comes too late. */
export function takesParts({ state }: StandInUpload): void {
  if (state === 'expired')
    throw new Refusal(410, 'upload_expired', 'the upload has expired; create a new one');
  if (state !== 'active') throw new Refusal(409, 'wrong_state', `the upload is ${state}`);
}

/** The ranges of parts that are not in `present`. */
export function missingOf(upload: StandInUpload, present: { has(number: number): boolean }): PartSpan[] {
  const spans: PartSpan[] = [];
  for (let number = 1; number <= upload.partCount; number++) {
    const last = spans.at(-1);
    if (present.has(number)) continue;
    if (last?.to === number - 1) last.to = number;
    else spans.push({ from: number, to: number });
  }
  return spans;
}

/** The CRC-64/NVME of a buffer, base64, by the implementation of the AWS SDK. */
export async function crc64(bytes: Uint8Array): Promise<string> {
  const crc = new Crc64Nvme();
  crc.update(bytes);
  return Buffer.from(await crc.digest()).toString('base64');
}
