// Cuts a stream of bytes into frames: four bytes of length, most significant first, then as many bytes. Nothing is set aside
// for a length that is merely claimed: a frame longer than the limit is refused when its four bytes have arrived, and after
// that the stream is good for nothing.

import { assert } from '../../kernel/base/assert.ts';

export const HEADER_BYTES = 4;

export type Refusal = 'oversized' | 'empty';

export class Splitter {
  private readonly maxBytes: number;
  private chunks: Uint8Array[] = [];
  /** The first byte of chunks[0] that is not consumed. */
  private start = 0;
  private held = 0;
  /** Length of the frame whose header is consumed, -1 before. */
  private wanted = -1;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes that arrived and are in no complete frame that was taken. */
  get pending(): number {
    return this.held + (this.wanted < 0 ? 0 : HEADER_BYTES);
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.held += chunk.length;
  }

  /** The next whole frame, valid as long as the chunks that were pushed are; undefined: more bytes must come first. */
  next(): Uint8Array | Refusal | undefined {
    if (this.wanted < 0) {
      if (this.held < HEADER_BYTES) return undefined;
      const head = this.take(HEADER_BYTES);
      const length = (head[0] as number) * 0x1000000 + (((head[1] as number) << 16) | ((head[2] as number) << 8) | (head[3] as number));
      if (length > this.maxBytes) return 'oversized';
      if (length === 0) return 'empty';
      this.wanted = length;
    }
    if (this.held < this.wanted) return undefined;
    const frame = this.take(this.wanted);
    this.wanted = -1;
    return frame;
  }

  private take(length: number): Uint8Array {
    const first = this.chunks[0];
    assert(first !== undefined && this.held >= length, 'only bytes that arrived are taken');
    this.held -= length;
    if (first.length - this.start >= length) {
      const view = first.subarray(this.start, this.start + length);
      this.advance(length);
      return view;
    }
    const joined = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
      const chunk = this.chunks[0] as Uint8Array;
      const part = Math.min(length - filled, chunk.length - this.start);
      joined.set(chunk.subarray(this.start, this.start + part), filled);
      filled += part;
      this.advance(part);
    }
    return joined;
  }

  private advance(bytes: number): void {
    this.start += bytes;
    if (this.start < (this.chunks[0] as Uint8Array).length) return;
    this.chunks.shift();
    this.start = 0;
  }
}
