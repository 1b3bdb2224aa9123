/**
 * Why an upload did not succeed.
 *
 * Codes of the server's own errors are passed on as they are; the README of the project lists them. The ones below are
 * this client's.
 */
export type ClientErrorCode =
  /** `cancel()` was called. */
  | 'cancelled'
  /** The file has no bytes; nothing was sent. */
  | 'file_empty'
  /** The file is not the one whose upload began; nothing of it was mixed with the old bytes. */
  | 'file_changed'
  /** The file has vanished, or may not be read. */
  | 'file_unreadable'
  /** A blob without a name, and other options that make no sense. */
  | 'invalid_option'
  /** No answer, however often it was tried. */
  | 'network'
  /** S3 refused a part for good. */
  | 'storage_refused'
  /** The server could not make a file of it; `reason` says why. */
  | 'upload_failed'
  /** Somebody else, or another tab, cancelled the upload. */
  | 'upload_aborted'
  /** What S3 holds is not what was read from the file. */
  | 'checksum_mismatch'
  /** The answer is not one of this API. */
  | 'bad_answer';

/** Codes that the API answers, as of this version; a later server may have more. */
export type ServerErrorCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'idempotency_conflict'
  | 'wrong_state'
  | 'part_conflict'
  | 'parts_missing'
  | 'upload_expired'
  | 'payload_too_large'
  | 'file_too_large'
  | 'unsupported_media_type'
  | 'content_type_not_allowed'
  | 'throttled'
  | 'busy'
  | 'unavailable'
  | 'internal';

/** Every code, known or not yet. */
export type ErrorCode = ClientErrorCode | ServerErrorCode | (string & {});

/** What is known beside code and message. */
export interface ErrorDetails {
  /** HTTP status, where there was an answer. */
  status?: number | undefined;
  /** To find the request in the server's log. */
  requestId?: string | undefined;
  /** Whether the same may succeed later. */
  retryable?: boolean;
  /** Why the server gave the upload up, for `upload_failed`. */
  reason?: { code: string; message: string } | undefined;
  /** How long the server asked to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** What caused it. */
  cause?: unknown;
}

/** The one error of this client. `code` is for programs, `message` for people. */
export class UploadError extends Error {
  /** Stable, for programs. */
  readonly code: ErrorCode;
  /** Whether the same file may succeed later: upload it again, and what has arrived is not sent twice. */
  readonly retryable: boolean;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** To find the request in the server's log. */
  readonly requestId: string | undefined;
  /** Why the server gave the upload up, for `upload_failed`. */
  readonly reason: { code: string; message: string } | undefined;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'UploadError';
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.status = details.status;
    this.requestId = details.requestId;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** What went wrong while the file was read: browsers tell a change and a loss apart by the name of the error. */
export function fileError(cause: unknown): UploadError {
  return (cause as Error | undefined)?.name === 'NotFoundError'
    ? new UploadError('file_unreadable', 'the file is gone, or may not be read', { cause })
    : new UploadError('file_changed', 'the file was changed, moved or locked since it was chosen', { cause });
}
