/** What a page says about a stack and about a file. */
import type { TokenSource } from './api.js';
import { UploadError } from './errors.js';

/** Where the stack is, and how to treat it. */
export interface ClientOptions {
  /** Root of the API, such as `https://abc.execute-api.eu-central-1.amazonaws.com`. */
  apiUrl: string;
  /** The bearer token, or what gives one; called again once after a 401. */
  token: TokenSource;
  /** The most parts on their way at once, over all files: 6 in a browser, which opens no more connections, else 16. */
  parallelMax?: number;
  /** A part of which no byte has moved for so long is sent again; 20 seconds. */
  stallSeconds?: number;
  /** `false` never opens a socket, and asks instead. */
  live?: boolean;
}

/** What is wanted for one file. All of it is part of the upload's identity. */
export interface UploadOptions {
  /** The name, for a blob without one. */
  name?: string;
  /** The media type, where the blob has none or a wrong one. */
  contentType?: string;
  /** Folder and name; kept in the metadata as `relativePath`. Taken from the file of a folder by itself. */
  relativePath?: string;
  /** Your own words, at most 2,048 bytes in all. */
  metadata?: Record<string, string>;
  /** `high`, `normal` or `low`. */
  priority?: 'high' | 'normal' | 'low';
  /** Bytes of a part; chosen for you otherwise. */
  partSizeBytes?: number;
  /** How long the upload may stay open. */
  expiresInSeconds?: number;
  /** When the finished file is deleted; never otherwise. */
  fileExpiresInSeconds?: number;
  /** Gives the file that an earlier upload of the same bytes made, instead of a new one. */
  reuse?: boolean;
}

/** The file with what is known about it. */
export interface Source {
  file: Blob;
  name: string;
  /** Bytes. */
  size: number;
  contentType: string;
  /** Epoch milliseconds by the clock of the disk; 0 for a blob. */
  lastModified: number;
  metadata: Record<string, string>;
}

/** Takes together what the file and the options say. */
export function sourceOf(file: Blob, options: UploadOptions): Source {
  const { name, lastModified = 0, webkitRelativePath } = file as Partial<File>;
  const relativePath = options.relativePath ?? webkitRelativePath;
  const source: Source = {
    file,
    name: options.name ?? name ?? '',
    size: file.size,
    contentType: options.contentType || file.type || 'application/octet-stream',
    lastModified,
    metadata: { ...options.metadata, ...(relativePath && { relativePath }) },
  };
  if (!source.name)
    throw new UploadError('invalid_option', 'a blob has no name of its own: give options.name');
  if (source.size === 0) throw new UploadError('file_empty', `${source.name} has no bytes`);
  return source;
}
