/**
 * A stand-in for the stack, for tests: the API of the project's README on one port, a bucket with S3's rules for
 * presigned PUTs on another, and faults by order. What it holds is what it verified.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Crc64Nvme } from '@aws-sdk/crc64-nvme';
import { type WebSocket, WebSocketServer } from 'ws';
import { combine } from '../../src/crc64nvme.js';
import type { CreateBody } from '../../src/wire.js';
import { type Call, Faults } from './faults.js';
import { refusalOf, sign } from './signing.js';
import { missingOf, Refusal, type StandInUpload, takesParts, Uploads } from './uploads.js';

const TOKENS: Record<string, string> = { 'Bearer alice-token': 'alice', 'Bearer bob-token': 'bob' };
const API_HEADERS = 'authorization,content-type,idempotency-key';
const S3_HEADERS = 'content-type,if-none-match,x-amz-checksum-crc64nvme,x-amz-meta-upload-id';

/** A call that came in. */
export interface Logged {
  call: Call;
  part?: number;
  status: number;
}

/** One stack. */
export class StandIn {
  readonly uploads = new Uploads();
  readonly faults = new Faults();
  readonly log: Logged[] = [];
  /** Tokens that are taken, with their owners. */
  tokens = { ...TOKENS };
  /** How far the clock of the server is ahead of this machine's. */
  clockAheadMs = 0;
  urlLifetimeSeconds = 900;
  assembleMs = 20;
  /** Whether the bytes are kept, or only their checksums. */
  keepsBytes = true;
  /** Whether the bucket lets pages see the tags of parts. */
  showsTags = true;
  /** Whether there is a live channel. */
  isLive = false;
  /** Milliseconds a PUT takes beyond the transfer. */
  putMs = 0;
  running = 0;
  runningMax = 0;
  #api!: Server;
  #s3!: Server;
  #sockets = new Map<WebSocket, Set<string>>();
  readonly liveMessages: string[] = [];

  /** Starts both servers. */
  static async start(apiPort = 0, s3Port = 0): Promise<StandIn> {
    const one = new StandIn();
    one.#api = createServer((request, response) => {
      // Whoever hangs up in the middle of a request is not answered.
      one.#answerApi(request, response).catch(() => request.socket.destroy());
    });
    one.#s3 = createServer((request, response) => void one.#answerS3(request, response));
    const live = new WebSocketServer({ server: one.#api });
    live.on('connection', (socket) => one.#connect(socket));
    await Promise.all([listen(one.#api, apiPort), listen(one.#s3, s3Port)]);
    return one;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${(this.#api.address() as AddressInfo).port}`;
  }

  get s3Url(): string {
    return `http://127.0.0.1:${(this.#s3.address() as AddressInfo).port}`;
  }

  /** How often a call came, by name. */
  count(call: Call): number {
    return this.log.filter((entry) => entry.call === call).length;
  }

  /** Parts that S3 took, in the order in which they came. */
  partsTaken(): number[] {
    return this.log
      .filter(({ call, status }) => call === 'put' && status === 200)
      .map(({ part = 0 }) => part);
  }

  /** The bytes of a completed upload. */
  bytesOf(id: string): Buffer {
    const upload = this.uploads.all.get(id);
    if (upload?.state !== 'completed') throw new Error(`upload ${id} is ${upload?.state}`);
    const numbers = [...upload.held.keys()].sort((a, b) => a - b);
    return Buffer.concat(numbers.map((number) => upload.held.get(number)?.bytes ?? Buffer.alloc(0)));
  }

  /** Completed uploads. */
  files(): StandInUpload[] {
    return [...this.uploads.all.values()].filter(({ state }) => state === 'completed');
  }

  /** Sends what is known of an upload to whoever subscribed to it. */
  push(upload: StandInUpload): void {
    upload.sequence++;
    for (const [socket, ids] of this.#sockets) {
      if (ids.has(upload.id)) socket.send(JSON.stringify(statusOf(upload)));
    }
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Ends all sockets, as the gateway does after two hours. */
  dropSockets(): void {
    for (const socket of this.#sockets.keys()) socket.terminate();
  }

  async stop(): Promise<void> {
    this.dropSockets();
    for (const server of [this.#api, this.#s3]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #connect(socket: WebSocket): void {
    const ids = new Set<string>();
    this.#sockets.set(socket, ids);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('message', (data) => {
      this.liveMessages.push(String(data));
      const { action, uploads = [] } = JSON.parse(String(data));
      if (action === 'ping') socket.send('{"type":"pong"}');
      for (const { id, sequence = 0 } of uploads) {
        if (action === 'unsubscribe') ids.delete(id);
        if (action !== 'subscribe') continue;
        ids.add(id);
        const upload = this.uploads.all.get(id);
        if (upload && upload.sequence > sequence) socket.send(JSON.stringify(statusOf(upload)));
      }
    });
  }

  async #answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    cors(response, API_HEADERS, 'GET,POST,DELETE', 'retry-after');
    if (request.method === 'OPTIONS') return end(response, 204);
    const [, first = '', id = '', ...rest] = (request.url ?? '').split('/');
    const call = callOf(request.method ?? '', first, rest.join('/'), id);
    const logged: Logged = { call, status: 0 };
    this.log.push(logged);
    const fault = this.faults.next(call);
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'cut') return void request.socket.destroy();
    const text = await textOf(request);
    if (fault?.kind === 'refuse') {
      logged.status = fault.status;
      if (fault.retryAfter) response.setHeader('retry-after', fault.retryAfter);
      return end(response, fault.status, { error: fault.code, message: 'as ordered', requestId: 'r-1' });
    }
    const owner = this.tokens[request.headers.authorization ?? ''];
    let answer: { status: number; body: object };
    try {
      // The gateway refuses in a form of its own.
      if (!owner) answer = { status: 401, body: { message: 'Unauthorized' } };
      else answer = this.#handle(call, owner, id, text && JSON.parse(text), request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message, missing } = error;
      answer = { status, body: { error: code, message, requestId: 'r-2', missing } };
    }
    logged.status = answer.status;
    if (fault?.kind === 'lose') return void request.socket.destroy();
    end(response, answer.status, answer.body);
  }

  #handle(
    call: Call,
    owner: string,
    id: string,
    body: unknown,
    request: IncomingMessage,
  ): { status: number; body: object } {
    const { uploads } = this;
    if (call === 'create') {
      const key = request.headers['idempotency-key'] as string | undefined;
      const upload = uploads.create(owner, key, body as CreateBody);
      return { status: 201, body: this.#created(upload) };
    }
    if (call === 'ticket') {
      if (!this.isLive) throw new Refusal(404, 'not_found', 'there is no such route');
      const url = `${this.apiUrl.replace('http', 'ws')}/?ticket=x`;
      return {
        status: 201,
        body: { purpose: 'live', ticket: 'x', url, expiresAt: this.#now().toISOString() },
      };
    }
    const upload = uploads.owned(owner, id);
    if (call === 'status') return { status: 200, body: statusOf(upload) };
    if (call === 'file') return { status: 200, body: fileOf(upload) };
    if (call === 'cancel') {
      uploads.cancel(upload);
      return { status: 200, body: { id, state: upload.state } };
    }
    const { parts = [] } = (body || {}) as {
      parts?: { partNumber: number; checksum: string; etag: string }[];
    };
    if (call === 'sign') {
      takesParts(upload);
      return {
        status: 200,
        body: { id, parts: parts.map((one) => this.#signed(upload, one.partNumber, one.checksum)) },
      };
    }
    if (call === 'report') uploads.report(upload, parts);
    else uploads.complete(upload);
    if (upload.state === 'completing') this.#assembleLater(upload);
    const recorded = { id, state: upload.state, received: upload.recorded.size, total: upload.partCount };
    return { status: 200, body: { ...recorded, missing: missingOf(upload, upload.recorded) } };
  }

  #assembleLater(upload: StandInUpload): void {
    setTimeout(() => {
      this.uploads.assemble(upload);
      this.push(upload);
    }, this.assembleMs);
  }

  #created(upload: StandInUpload): object {
    const { id, state, isSingle, body, partSize, partCount } = upload;
    const { parts, value } = body.checksum;
    const crcs = parts ?? (isSingle && value ? [value] : []);
    const signed =
      state === 'active' ? crcs.slice(0, 1000).map((crc, index) => this.#signed(upload, index + 1, crc)) : [];
    return {
      id,
      state,
      strategy: isSingle ? 'single' : 'multipart',
      size: body.size,
      partSize,
      partCount,
      parts: signed,
    };
  }

  #signed(upload: StandInUpload, partNumber: number, crc: string | undefined): object {
    if (!crc) throw new Refusal(400, 'invalid_request', `part ${partNumber} needs its checksum`);
    const size = Math.min(upload.partSize, upload.body.size - (partNumber - 1) * upload.partSize);
    const headers: Record<string, string> = {
      'content-length': String(size),
      'x-amz-checksum-crc64nvme': crc,
    };
    if (upload.isSingle) {
      Object.assign(headers, {
        'content-type': upload.body.contentType,
        'if-none-match': '*',
        'x-amz-meta-upload-id': upload.id,
      });
    }
    const path = `/u/${upload.id}${upload.isSingle ? '' : `?partNumber=${partNumber}`}`;
    const { url } = sign(this.s3Url, path, headers, this.#now(), this.urlLifetimeSeconds);
    return { partNumber, size, method: 'PUT', url, headers };
  }

  #now(): Date {
    return new Date(Date.now() + this.clockAheadMs);
  }

  async #answerS3(request: IncomingMessage, response: ServerResponse): Promise<void> {
    cors(response, S3_HEADERS, 'PUT,GET,HEAD', 'ETag');
    if (request.method === 'OPTIONS') return end(response, 200);
    const url = new URL(request.url ?? '', this.s3Url);
    const part = Number(url.searchParams.get('partNumber') ?? 1);
    const logged: Logged = { call: 'put', part, status: 0 };
    this.log.push(logged);
    const fault = this.faults.next('put', part);
    const isMeasured = fault === undefined;
    if (isMeasured) this.runningMax = Math.max(this.runningMax, ++this.running);
    request.on('error', () => undefined);
    try {
      if (fault?.kind === 'silence') return;
      if (fault?.kind === 'cut') return void request.once('data', () => request.socket.destroy());
      const answer = fault?.kind === 'refuse' ? fault : await this.#put(url, part, request);
      logged.status = answer.status;
      if (fault?.kind === 'refuse' && fault.retryAfter) response.setHeader('retry-after', fault.retryAfter);
      if (fault?.kind === 'lose') return void request.socket.destroy();
      if (fault?.kind === 'refuse') request.resume();
      if (this.putMs) await new Promise((resolve) => setTimeout(resolve, this.putMs));
      if ('etag' in answer && this.showsTags) response.setHeader('ETag', answer.etag as string);
      const words = `<Error><Code>${answer.code}</Code><Message>${answer.message ?? ''}</Message></Error>`;
      response
        .writeHead(answer.status, { 'content-type': 'application/xml' })
        .end(answer.status === 200 ? '' : words);
    } catch {
      request.socket.destroy();
    } finally {
      if (isMeasured) this.running--;
    }
  }

  /** S3's own judgement of a PUT; the bytes are read only when the head of the request is fine. */
  async #put(
    url: URL,
    part: number,
    request: IncomingMessage,
  ): Promise<{ status: number; code: string; message: string; etag?: string }> {
    const refusal = refusalOf(url, request.headers, this.#now());
    if (refusal) {
      request.resume();
      return refusal;
    }
    const upload = this.uploads.all.get(url.pathname.split('/')[2] ?? '');
    if (!upload || ['aborted', 'expired'].includes(upload.state)) {
      request.resume();
      return { status: 404, code: 'NoSuchUpload', message: 'The specified upload does not exist.' };
    }
    const [crc, md5, chunks] = [new Crc64Nvme(), createHash('md5'), [] as Buffer[]];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      crc.update(chunk);
      md5.update(chunk);
      size += chunk.length;
      if (this.keepsBytes) chunks.push(chunk);
    }
    const digest = Buffer.from(await crc.digest()).toString('base64');
    if (digest !== request.headers['x-amz-checksum-crc64nvme']) {
      return { status: 400, code: 'BadDigest', message: 'The CRC64NVME you specified did not match.' };
    }
    if (request.headers['if-none-match'] === '*' && upload.held.has(1)) {
      return {
        status: 412,
        code: 'PreconditionFailed',
        message: 'At least one of the preconditions did not hold',
      };
    }
    const etag = `"${md5.digest('hex')}"`;
    upload.held.set(part, {
      etag,
      size,
      crc: digest,
      bytes: this.keepsBytes ? Buffer.concat(chunks) : undefined,
    });
    return { status: 200, code: '', message: '', etag };
  }
}

function callOf(method: string, first: string, rest: string, id: string): Call {
  if (first === 'tickets') return 'ticket';
  if (first === 'files') return 'file';
  if (rest === 'parts/sign') return 'sign';
  if (rest === 'parts') return 'report';
  if (rest === 'complete') return 'complete';
  if (method === 'DELETE') return 'cancel';
  return id ? 'status' : 'create';
}

function statusOf(upload: StandInUpload): object {
  const { id, state, body, held, partCount, sequence, reason, imageState, variants } = upload;
  return {
    type: 'upload',
    id,
    sequence,
    state,
    size: body.size,
    receivedBytes: [...held.values()].reduce((sum, part) => sum + part.size, 0),
    receivedParts: held.size,
    partCount,
    missing: state === 'active' ? missingOf(upload, held) : [],
    ...(state === 'completed' && { fileId: id, imageState, variants }),
    reason,
  };
}

function fileOf(upload: StandInUpload): object {
  if (upload.state !== 'completed') throw new Refusal(404, 'not_found', 'there is no such file');
  const { id, body, held, partSize, imageState, variants } = upload;
  const numbers = [...held.keys()].sort((a, b) => a - b);
  const value = combine(numbers.map((number) => held.get(number) ?? { crc: '', size: partSize }));
  return {
    id,
    filename: body.filename,
    size: body.size,
    contentType: body.contentType,
    detectedType: body.contentType,
    checksum: { algorithm: 'crc64nvme', type: 'FULL_OBJECT', value },
    etag: '"x"',
    url: 'https://bucket.example.com/x',
    imageState,
    metadata: body.metadata ?? {},
    variants: variants.map((name) => ({ name, url: `https://bucket.example.com/${name}` })),
  };
}

function cors(response: ServerResponse, headers: string, methods: string, exposed: string): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-headers', headers);
  response.setHeader('access-control-allow-methods', methods);
  response.setHeader('access-control-expose-headers', exposed);
  response.setHeader('access-control-max-age', '3600');
}

function end(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body ? JSON.stringify(body) : '');
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
