/** From a plan to slices of a file, and from ranges to numbers. */
import { UploadError } from './errors.js';
import type { Created, PartSpan } from './wire.js';

/** The parts of one upload, as the server planned them. Numbers begin with 1. */
export class Parts {
  constructor(
    readonly file: Blob,
    readonly partSize: number,
    readonly count: number,
  ) {}

  /** Takes a plan, or refuses one that does not fit the file. */
  static of(file: Blob, { partSize, partCount }: Created): Parts {
    if (!(partSize > 0) || Math.ceil(file.size / partSize) !== partCount) {
      const message = `the plan of ${partCount} parts of ${partSize} bytes does not fit ${file.size} bytes`;
      throw new UploadError('bad_answer', message);
    }
    return new Parts(file, partSize, partCount);
  }

  /** The bytes of a part; nothing is read. The slice has no type, so that none is sent unsigned. */
  slice(number: number): Blob {
    const from = (number - 1) * this.partSize;
    return this.file.slice(from, Math.min(this.file.size, from + this.partSize));
  }

  /** The length of a part in bytes. */
  sizeOf(number: number): number {
    return Math.min(this.partSize, this.file.size - (number - 1) * this.partSize);
  }

  /** All numbers, in order. */
  all(): number[] {
    return this.in([{ from: 1, to: this.count }]);
  }

  /** The numbers of these ranges, in order; what the plan does not have is left out. */
  in(spans: PartSpan[]): number[] {
    const numbers = [];
    for (const { from, to } of spans) {
      for (let number = Math.max(1, from); number <= Math.min(to, this.count); number++) numbers.push(number);
    }
    return numbers;
  }
}
