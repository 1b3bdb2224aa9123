/** The JSON of the API as this client sends and reads it. Answers may have more fields; these are the ones it uses. */

/** States of an upload on the server. */
export type ServerState =
  | 'initiating'
  | 'active'
  | 'completing'
  | 'completed'
  | 'failed'
  | 'aborted'
  | 'expiring'
  | 'expired';

/** Body of `POST /uploads`. */
export interface CreateBody {
  filename: string;
  size: number;
  contentType: string;
  checksum: { algorithm: 'crc64nvme'; value?: string; parts?: string[] };
  partSize?: number;
  priority?: 'high' | 'normal' | 'low';
  metadata?: Record<string, string>;
  expiresInSeconds?: number;
  fileExpiresInSeconds?: number;
}

/** One PUT that the server has signed. */
export interface SignedPart {
  partNumber: number;
  /** Bytes that the signature allows. */
  size: number;
  url: string;
  headers: Record<string, string>;
}

/** Answer to `POST /uploads`. */
export interface Created {
  id: string;
  state: ServerState;
  strategy: 'single' | 'multipart';
  partSize: number;
  partCount: number;
  parts: SignedPart[];
}

/** A range of part numbers, both ends included. */
export interface PartSpan {
  from: number;
  to: number;
}

/** Answer to a report and to `complete`. */
export interface Recorded {
  state: ServerState;
  missing: PartSpan[];
}

/** Why an upload or an image came to nothing. */
export interface Reason {
  code: string;
  message: string;
}

/** How far the image work is. */
export type ImageState = 'none' | 'pending' | 'partial' | 'done' | 'failed';

/** Something to show while a variant loads. */
export interface Placeholder {
  /** Base64 of a ThumbHash. */
  thumbHash: string;
  /** `#rrggbb`. */
  dominantColor: string;
}

/** Answer to `GET /uploads/{id}`, and the same as a message of the live channel. */
export interface UploadStatus {
  id: string;
  state: ServerState;
  sequence?: number;
  size?: number | null;
  receivedBytes: number;
  receivedParts: number;
  missing?: PartSpan[];
  fileId?: string;
  reason?: Reason;
  imageState?: ImageState;
  /** Names of the variants that are there, such as `640x480.webp`. */
  variants?: string[];
  placeholder?: Placeholder;
}

/** One derived image of {@link FileRecord}. */
export interface Variant {
  /** Such as `640x480.webp`. */
  name: string;
  format: string;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  bytes: number;
  contentType: string;
  /** Good for minutes. */
  url: string;
}

/** Answer to `GET /files/{id}`: the verified file, with links that live for minutes. */
export interface FileRecord {
  id: string;
  filename: string;
  /** Bytes. */
  size: number;
  contentType: string;
  /** What its first bytes show. */
  detectedType: string;
  checksum?: { algorithm: string; type: string; value: string };
  etag: string;
  createdAt: string;
  completedAt: string;
  expiresAt?: string;
  scanState?: string;
  url?: string;
  urlExpiresAt?: string;
  imageState: ImageState;
  imageReason?: Reason;
  width?: number;
  height?: number;
  placeholder?: Placeholder;
  metadata: Record<string, string>;
  variants: Variant[];
}

/** Answer to `POST /tickets` for the live channel. */
export interface Ticket {
  url: string;
}
