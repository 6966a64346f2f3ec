// The stream on which one peer speaks to us. Frames are handed on in the order they were sent; while a signature is being
// checked, or the peer has used up its share, the stream is paused and the peer's own transport holds it back: what waits here
// is bounded by the stream's window.

import type { Stream } from '@libp2p/interface';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Frame } from '../ports.ts';
import type { Decision, FrameDecoder, Verified } from './decoder.ts';
import type { Drops } from './drops.ts';
import { HEADER_BYTES, Splitter } from './splitter.ts';
import { grantInHalves } from './window.ts';

/** What one peer may send, sustained; a second's worth may come at once. */
export interface Share {
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** Signatures of one peer that are checked at a time: what it sent after them waits, and the stream is paused. */
const MAX_CHECKING = 32;
/** Refused frames after which a stream is not worth reading. The count is forgiven by one for every 1,000 good frames. */
const MAX_REFUSED = 16;

export class Inbound {
  readonly from: NodeId;
  frames = 0;
  bytes = 0;
  throttled = 0;
  ended = false;
  /** It ended because of what the peer sent. */
  hostile = false;

  private readonly stream: Stream;
  private readonly decoder: FrameDecoder;
  private readonly drops: Drops;
  private readonly share: Share;
  private readonly deliver: (frame: Verified<Frame>) => void;
  private readonly splitter: Splitter;
  /** Frames whose signatures are being checked, and those that came after them, in the order in which they were sent. */
  private readonly waiting: { decision: Decision | undefined }[] = [];
  private refused = 0;
  private frameTokens: number;
  private byteTokens: number;
  private filledMs: number = performance.now();
  private timer: NodeJS.Timeout | undefined = undefined;

  constructor(stream: Stream, from: NodeId, decoder: FrameDecoder, maxFrameBytes: number, share: Share, drops: Drops, deliver: (frame: Verified<Frame>) => void) {
    grantInHalves(stream);
    this.stream = stream;
    this.from = from;
    this.decoder = decoder;
    this.drops = drops;
    this.share = share;
    this.deliver = deliver;
    this.splitter = new Splitter(maxFrameBytes);
    this.frameTokens = share.framesPerSecond;
    this.byteTokens = share.bytesPerSecond;
    stream.addEventListener('message', (event) => {
      if (event.data instanceof Uint8Array) this.splitter.push(event.data);
      else for (const chunk of event.data) this.splitter.push(chunk);
      this.read();
    });
    stream.addEventListener('remoteCloseWrite', () => this.remoteEnded());
    stream.addEventListener('close', () => this.remoteEnded());
  }

  /** The peer opened another stream, or the node stops: nothing more is heard from this one. */
  end(why: string): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.stream.abort(new Error(why));
  }

  private remoteEnded(): void {
    if (this.ended || this.waiting.length > 0) return;
    if (this.splitter.pending > 0 && this.timer === undefined) this.drops.count('truncated');
    this.end('the peer closed');
  }

  private read(): void {
    while (!this.ended && this.waiting.length < MAX_CHECKING && this.timer === undefined) {
      if (this.exhausted()) return this.throttle();
      const bytes = this.splitter.next();
      if (bytes === undefined) return;
      if (typeof bytes === 'string') {
        this.drops.count('oversized');
        this.hostile = true;
        return this.end('a frame of no possible length');
      }
      this.frames++;
      this.bytes += bytes.length + HEADER_BYTES;
      this.frameTokens--;
      this.byteTokens -= bytes.length + HEADER_BYTES;
      const decision = this.decoder.decide(bytes, this.from);
      if (decision.kind === 'pending') this.check(decision.settled);
      else if (this.waiting.length > 0) this.waiting.push({ decision });
      else this.settle(decision);
    }
  }

  private settle(decision: Decision): void {
    if (decision.kind === 'frame') {
      if (this.frames % 1_000 === 0 && this.refused > 0) this.refused--;
      return this.deliver(decision.frame);
    }
    if (decision.kind !== 'refused') return;
    this.drops.count(decision.why);
    if (++this.refused < MAX_REFUSED) return;
    this.drops.count('hostilePeer');
    this.hostile = true;
    this.end('too many refused frames');
  }

  private check(settled: (settle: (decision: Decision) => void) => void): void {
    const place: { decision: Decision | undefined } = { decision: undefined };
    this.waiting.push(place);
    this.pause();
    settled((decision) => {
      place.decision = decision;
      while (!this.ended && this.waiting[0]?.decision !== undefined) this.settle((this.waiting.shift() as { decision: Decision }).decision);
      if (!this.ended) this.goOn();
    });
  }

  private exhausted(): boolean {
    if (this.frameTokens > 0 && this.byteTokens > 0) return false;
    const now = performance.now();
    const seconds = (now - this.filledMs) / 1_000;
    this.filledMs = now;
    this.frameTokens = Math.min(this.share.framesPerSecond, this.frameTokens + seconds * this.share.framesPerSecond);
    this.byteTokens = Math.min(this.share.bytesPerSecond, this.byteTokens + seconds * this.share.bytesPerSecond);
    return this.frameTokens <= 0 || this.byteTokens <= 0;
  }

  private throttle(): void {
    this.throttled++;
    this.pause();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.goOn();
    }, 10);
  }

  private pause(): void {
    if (this.stream.readStatus === 'readable') this.stream.pause();
  }

  /** A connection may be gone before its streams have heard of it: then to ask for more throws. */
  private resume(): void {
    try {
      this.stream.resume();
    } catch {
      this.end('the connection is gone');
    }
  }

  private goOn(): void {
    this.read();
    if (this.ended || this.waiting.length > 0 || this.timer !== undefined) return;
    if (this.stream.readStatus === 'paused') this.resume();
    else if (this.stream.status !== 'open') this.remoteEnded();
  }
}
