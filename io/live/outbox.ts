// What waits to be sent to one peer. It is bounded in frames and bytes; when it is full the oldest frame that may be dropped
// makes room, because a newer message of a protocol that tolerates loss says more than an older one. Order is kept.

import { HEADER_BYTES } from './splitter.ts';

interface Waiting {
  readonly bytes: Uint8Array;
  readonly droppable: boolean;
}

export interface OutboxBounds {
  readonly frames: number;
  readonly bytes: number;
}

export class Outbox {
  private readonly bounds: OutboxBounds;
  /** A dropped frame leaves a hole, so that dropping moves nothing. */
  private waiting: (Waiting | undefined)[] = [];
  private head = 0;
  private frames = 0;
  private heldBytes = 0;

  constructor(bounds: OutboxBounds) {
    this.bounds = bounds;
  }

  get length(): number {
    return this.frames;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** Takes a frame in, and says how many were dropped for it: itself, if nothing else may be. */
  put(bytes: Uint8Array, droppable: boolean): number {
    let dropped = 0;
    while (this.frames >= this.bounds.frames || this.heldBytes + bytes.length > this.bounds.bytes) {
      if (!this.dropOldest()) return dropped + 1;
      dropped++;
    }
    this.waiting.push({ bytes, droppable });
    this.frames++;
    this.heldBytes += bytes.length;
    return dropped;
  }

  /** Drops from the front until at most `frames` are left that may be dropped. Says how many it dropped. */
  shrink(frames: number): number {
    let dropped = 0;
    while (this.frames > frames && this.dropOldest()) dropped++;
    return dropped;
  }

  private dropOldest(): boolean {
    for (let i = this.head; i < this.waiting.length; i++) {
      const entry = this.waiting[i];
      if (entry === undefined || !entry.droppable) continue;
      this.forget(i, entry);
      return true;
    }
    return false;
  }

  private forget(place: number, entry: Waiting): void {
    this.waiting[place] = undefined;
    this.frames--;
    this.heldBytes -= entry.bytes.length;
    while (this.head < this.waiting.length && this.waiting[this.head] === undefined) this.head++;
    if (this.head < 1_024 && this.head < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.head);
    this.head = 0;
  }

  /** The oldest frames with their headers, as one write of at most about `maxBytes`; undefined if nothing waits. */
  take(maxBytes: number): Uint8Array | undefined {
    if (this.frames === 0) return undefined;
    let size = 0;
    let end = this.head;
    for (; end < this.waiting.length; end++) {
      const entry = this.waiting[end];
      if (entry === undefined) continue;
      if (size > 0 && size + HEADER_BYTES + entry.bytes.length > maxBytes) break;
      size += HEADER_BYTES + entry.bytes.length;
    }
    const out = new Uint8Array(size);
    let offset = 0;
    for (let i = this.head; i < end; i++) {
      const entry = this.waiting[i];
      if (entry === undefined) continue;
      const length = entry.bytes.length;
      out[offset] = length >>> 24;
      out[offset + 1] = length >>> 16;
      out[offset + 2] = length >>> 8;
      out[offset + 3] = length;
      out.set(entry.bytes, offset + HEADER_BYTES);
      offset += HEADER_BYTES + length;
      this.frames--;
      this.heldBytes -= length;
      this.waiting[i] = undefined;
    }
    this.head = end;
    if (this.head === this.waiting.length || this.head >= 1_024) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
    return out;
  }
}
