// Bytes of clients, let in by turns. A socket hands over up to 64 KiB at once, which may be a thousand small requests, and an
// HTTP parser handles all of them before anything else happens. So the parser does not read from sockets: each connection gets
// a small slice when it is its turn, a few slices are handed out between two rounds of the event loop, and what waits stays in
// the connection's own buffers, where it holds back the sender. Who sends a request before the last one is answered (which is
// allowed, and which no usual client does) waits in a second queue, which is served at a low rate.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Allowance } from './allowance.ts';

/** What one connection gets at a time: about one request. */
const SLICE_BYTES = 256;
/** What all get together before others (timers, peers, the disk) have their turn. */
const ROUND_BYTES = 8 * 1_024;
/** Slices a second for all that do not wait for their answers. */
const EAGER_SLICES = 100;
const EAGER_SLICES_AT_ONCE = 20;
const EAGER_WAIT_MS = 20;

const now = (): number => performance.now();

/** Who stands in a queue. */
export interface Queued {
  /** It has sent more before an answer came. */
  readonly isEager: boolean;
  /** Takes one slice in; returns its length. */
  pass(bytes: number): number;
}

export class Turnstile {
  private readonly waiting: Queued[] = [];
  private readonly eager: Queued[] = [];
  private readonly eagerShare: Allowance = new Allowance(EAGER_SLICES, EAGER_SLICES_AT_ONCE, now());
  private scheduled = false;
  private readonly eagerFound: () => void;

  /** `eagerFound` is called for each connection that was found not to wait for its answers. */
  constructor(eagerFound: () => void = () => undefined) {
    this.eagerFound = eagerFound;
  }

  /** A connection is eager from now on. */
  found(): true {
    this.eagerFound();
    return true;
  }

  /** The connection of a socket as the parser sees it. */
  admit(socket: Socket): Passage {
    return new Passage(socket, this);
  }

  queue(queued: Queued): void {
    if (queued.isEager) this.eager.push(queued);
    else this.waiting.push(queued);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    if (this.waiting.length > 0) setImmediate(this.round);
    else setTimeout(this.round, EAGER_WAIT_MS);
  }

  private readonly round = (): void => {
    this.scheduled = false;
    let given = 0;
    for (let left = this.waiting.length; left > 0 && given < ROUND_BYTES; left--) given += (this.waiting.shift() as Queued).pass(SLICE_BYTES);
    for (let left = this.eager.length; left > 0 && given < ROUND_BYTES && this.eagerShare.take(now); left--) given += (this.eager.shift() as Queued).pass(SLICE_BYTES);
    if (this.waiting.length > 0 || this.eager.length > 0) this.schedule();
  };
}

export class Passage extends Duplex implements Queued {
  private readonly socket: Socket;
  private readonly turnstile: Turnstile;
  /** The parser wants bytes; it stands in the queue. */
  private wanted = false;
  private queued = false;
  /** It has sent more before an answer came. */
  isEager = false;
  /** Requests whose answer it waits for. */
  private asked = 0;

  constructor(socket: Socket, turnstile: Turnstile) {
    super({ readableHighWaterMark: SLICE_BYTES });
    this.socket = socket;
    this.turnstile = turnstile;
    socket.on('readable', () => this.offer());
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    // After an orderly end what was let in is still on its way to the parser, which then closes its side.
    socket.on('close', () => {
      if (!socket.readableEnded) this.destroy();
    });
    socket.on('timeout', () => this.emit('timeout'));
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  setTimeout(ms: number, callback?: () => void): this {
    this.socket.setTimeout(ms);
    if (callback !== undefined) this.once('timeout', callback);
    return this;
  }

  /** Hands over one slice; returns its length. */
  pass(bytes: number): number {
    this.queued = false;
    if (this.destroyed) return 0;
    const chunk = this.socket.read(Math.min(bytes, this.socket.readableLength)) as Buffer | null;
    if (chunk === null) return 0;
    this.wanted = this.push(chunk);
    this.offer();
    return chunk.length;
  }

  /** A request is under way: nothing more is let in until it is answered. */
  hold(): void {
    this.asked++;
  }

  release(): void {
    this.asked--;
    if (!this.isEager && this.socket.readableLength > 0) this.isEager = this.turnstile.found();
    this.offer();
  }

  override _read(): void {
    this.wanted = true;
    this.offer();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    this.socket.write(chunk, encoding, written);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], written: (error?: Error | null) => void): void {
    this.socket.cork();
    for (const { chunk, encoding } of chunks.slice(0, -1)) this.socket.write(chunk, encoding);
    const last = chunks.at(-1) as { chunk: Buffer; encoding: BufferEncoding };
    this.socket.write(last.chunk, last.encoding, written);
    this.socket.uncork();
  }

  override _final(ended: (error?: Error | null) => void): void {
    this.socket.end(() => ended());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  private offer(): void {
    // An empty buffer says that the socket has ended only when it is asked.
    if (this.socket.readableLength === 0) return void this.socket.read(0);
    if (!this.wanted || this.queued || this.asked > 0) return;
    this.queued = true;
    this.turnstile.queue(this);
  }
}
