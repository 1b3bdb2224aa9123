/** Presigned PUTs as S3 checks them: everything that is signed has to come as it was signed, and nothing else of S3's. */
import { createHmac } from 'node:crypto';

const SECRET = 'a secret of the stand-in';

/** A signed PUT. */
export interface SignedPut {
  url: string;
  headers: Record<string, string>;
}

/** Signs a PUT of this path with these headers at this moment. */
export function sign(
  base: string,
  path: string,
  headers: Record<string, string>,
  at: Date,
  lifetimeSeconds: number,
): SignedPut {
  const query = new URLSearchParams({
    'X-Amz-Date': at.toISOString(),
    'X-Amz-Expires': String(lifetimeSeconds),
    'X-Amz-SignedHeaders': Object.keys(headers).sort().join(';'),
  });
  query.set('X-Amz-Signature', signature(path, query, headers));
  const separator = path.includes('?') ? '&' : '?';
  return { url: base + path + separator + query, headers };
}

/** What S3 would refuse about a request, as its code and words; undefined when it is fine. */
export function refusalOf(
  url: URL,
  headers: Record<string, string | string[] | undefined>,
  now: Date,
): { status: number; code: string; message: string } | undefined {
  const query = url.searchParams;
  const names = query.get('X-Amz-SignedHeaders')?.split(';') ?? [];
  const signed = Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]));
  const claimed = query.get('X-Amz-Signature');
  query.delete('X-Amz-Signature');
  const part = query.get('partNumber');
  const path = url.pathname + (part ? `?partNumber=${part}` : '');
  query.delete('partNumber');
  if (claimed !== signature(path, query, signed)) {
    return { status: 403, code: 'SignatureDoesNotMatch', message: 'The request signature does not match.' };
  }
  const unsigned = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !names.includes(name));
  if (unsigned.length > 0) {
    return { status: 403, code: 'AccessDenied', message: `There were headers not signed: ${unsigned}` };
  }
  const end = Date.parse(query.get('X-Amz-Date') ?? '') + Number(query.get('X-Amz-Expires')) * 1000;
  if (now.getTime() > end) return { status: 403, code: 'AccessDenied', message: 'Request has expired' };
  return undefined;
}

function signature(path: string, query: URLSearchParams, headers: Record<string, string>): string {
  const names = Object.keys(headers).sort();
  const text = JSON.stringify([
    path,
    query.get('X-Amz-Date'),
    query.get('X-Amz-Expires'),
    names,
    names.map((name) => headers[name]),
  ]);
  return createHmac('sha256', SECRET).update(text).digest('base64url');
}
