// A connection as long as its client sends nothing but plain decides (plain-request.ts). It has its turns at the turnstile like
// any other; an answer is written straight to the socket. With the first bytes that are anything else the connection goes to the
// HTTP server, those bytes first, and does not come back.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Response } from './answers.ts';
import { MAX_PLAIN_BYTES, readPlain } from './plain-request.ts';
import type { DecideRequest } from './schemas.ts';
import type { Queued, Turnstile } from './turnstile.ts';

/** Who serves a line. */
export interface Desk {
  /** A request has come; `line.answer` is called once for it. */
  plain(line: PlainLine, request: DecideRequest): void;
  /** The socket is the HTTP server's from now on. `isEager`: see turnstile.ts. */
  other(line: PlainLine, socket: Socket): void;
}

export interface Patience {
  /** Without a first request. */
  readonly firstMs: number;
  /** Between two requests. */
  readonly idleMs: number;
}

export class PlainLine implements Queued {
  isEager = false;
  private readonly socket: Socket;
  private readonly turnstile: Turnstile;
  private readonly desk: Desk;
  private readonly patience: Patience;
  /** The beginning of a request, as latin1, while the rest of it waits in the socket. */
  private text = '';
  private queued = false;
  private asked = false;
  private ending = false;

  constructor(socket: Socket, turnstile: Turnstile, desk: Desk, patience: Patience) {
    this.socket = socket;
    this.turnstile = turnstile;
    this.desk = desk;
    this.patience = patience;
    socket.on('readable', this.readable);
    socket.on('end', this.ended);
    socket.on('error', this.failed);
    socket.on('timeout', this.timedOut);
    socket.on('drain', this.readable);
    socket.setTimeout(patience.firstMs);
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? '';
  }

  /** Hands over one slice; returns its length. */
  pass(bytes: number): number {
    this.queued = false;
    if (this.socket.destroyed) return 0;
    const chunk = this.socket.read(Math.min(bytes, this.socket.readableLength)) as Buffer | null;
    if (chunk === null) return 0;
    this.text += chunk.toString('latin1');
    this.look();
    return chunk.length;
  }

  answer(response: Response, isLast: boolean): void {
    this.asked = false;
    if (this.socket.destroyed) return;
    const last = isLast || this.ending;
    const text = written(response, last, this.patience.idleMs);
    // Almost all answers are ASCII, which needs no encoding.
    this.socket.write(text, text.length === Buffer.byteLength(text) ? 'latin1' : 'utf8');
    if (last) return void this.socket.end();
    this.socket.setTimeout(this.patience.idleMs);
    if (!this.isEager && this.socket.readableLength > 0) this.isEager = this.turnstile.found();
    this.readable();
  }

  /** Ends it now if nothing is under way, and otherwise after the answer. */
  close(): void {
    this.ending = true;
    if (!this.asked) this.socket.destroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private look(): void {
    const read = readPlain(this.text);
    if (read.kind === 'decide') {
      this.giveBack(read.length);
      this.asked = true;
      this.desk.plain(this, read.request);
    } else if (read.kind === 'other' || this.socket.readableLength === 0 || this.text.length > MAX_PLAIN_BYTES) {
      const { socket } = this;
      socket.off('readable', this.readable).off('end', this.ended).off('error', this.failed).off('timeout', this.timedOut).off('drain', this.readable);
      socket.setTimeout(0);
      this.giveBack(0);
      this.desk.other(this, socket);
    } else this.readable();
  }

  /** What was read and not used is the socket's again, at once: so it has not ended before that is read, too. */
  private giveBack(used: number): void {
    const rest = this.text.slice(used);
    this.text = '';
    if (rest !== '') this.socket.unshift(Buffer.from(rest, 'latin1'));
  }

  private readonly readable = (): void => {
    // An empty buffer says that the socket has ended only when it is asked.
    if (this.socket.readableLength === 0) return void this.socket.read(0);
    // Who does not read its answers is not heard either.
    if (this.queued || this.asked || this.socket.writableNeedDrain) return;
    this.queued = true;
    this.turnstile.queue(this);
  };

  /** It has sent all it wants, and still gets its answer. */
  private readonly ended = (): void => {
    this.ending = true;
    if (!this.asked) this.socket.end();
  };

  private readonly failed = (): void => void this.socket.destroy();

  private readonly timedOut = (): void => {
    if (!this.asked) this.socket.destroy();
  };
}

/** As the HTTP server writes it. */
function written({ status, body, retryAfterSeconds }: Response, isLast: boolean, idleMs: number): string {
  const text = JSON.stringify(body);
  const retry = retryAfterSeconds === undefined ? '' : `retry-after: ${retryAfterSeconds}\r\n`;
  const connection = isLast ? 'connection: close\r\n' : `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(idleMs / 1_000)}\r\n`;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${retry}content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\ndate: ${dateLine()}\r\n${connection}\r\n${text}`;
}

let dated = { second: 0, text: '' };

function dateLine(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dated.second) dated = { second, text: new Date(second * 1_000).toUTCString() };
  return dated.text;
}
