// Walks one segment. What the disk never damaged comes back as the objects that were written; the rest is bytes, and is parsed
// strictly. Both are judged by the same rules afterwards.

import { BatchChunk, HeaderChunk, type Link } from './journal-chunks.ts';
import { concat } from './journal-bytes.ts';
import { HEADER_MAGIC, laterBatch, parseBatch, unwrapRecord } from './journal-format.ts';
import { segmentHeadCodec } from './journal-records.ts';
import type { Chunk } from './ports.ts';

type Piece = HeaderChunk | BatchChunk | Uint8Array;

export type FoundHeader = { readonly ok: true; readonly header: HeaderChunk } | { readonly ok: false; readonly reason: string; readonly foreign: boolean };

/** A batch, the end of the segment, or why what stands here is no batch. */
export type FoundBatch = { readonly kind: 'batch'; readonly batch: BatchChunk } | { readonly kind: 'end' } | { readonly kind: 'damaged'; readonly reason: string };

export class SegmentCursor {
  private readonly pieces: readonly Piece[];
  private place = 0;
  private offset = 0;
  /** Where the batch that `peek` found ends, if it was parsed. */
  private parsedEnd = 0;

  constructor(chunks: readonly Chunk[]) {
    this.pieces = joined(chunks);
  }

  /** Reads the header, and steps over it if it is intact. */
  header(): FoundHeader {
    const piece = this.pieces[0];
    if (piece instanceof HeaderChunk) {
      this.place = 1;
      return { ok: true, header: piece };
    }
    if (!(piece instanceof Uint8Array)) return { ok: false, reason: 'its header is missing', foreign: false };
    const found = unwrapRecord(HEADER_MAGIC, segmentHeadCodec, piece, 0);
    if (!found.ok) return found;
    this.moveTo(found.end, piece);
    return { ok: true, header: new HeaderChunk(found.value, found.hash) };
  }

  /** What stands here, after `link`. `accept` steps over a batch. */
  peek(link: Link): FoundBatch {
    const piece = this.pieces[this.place];
    if (piece === undefined) return { kind: 'end' };
    if (piece instanceof BatchChunk) return { kind: 'batch', batch: piece };
    if (piece instanceof HeaderChunk) return { kind: 'damaged', reason: 'a second header' };
    const parsed = parseBatch(piece, this.offset, link.hash);
    if (!parsed.ok) return { kind: 'damaged', reason: parsed.reason };
    this.parsedEnd = parsed.end;
    return { kind: 'batch', batch: BatchChunk.parsed(parsed.content, parsed.before, parsed.hash) };
  }

  accept(): void {
    const piece = this.pieces[this.place];
    if (piece instanceof Uint8Array) this.moveTo(this.parsedEnd, piece);
    else this.place++;
  }

  /** How many bytes stand before the cursor. */
  get before(): number {
    let length = this.offset;
    for (let i = 0; i < this.place; i++) {
      const piece = this.pieces[i] as Piece;
      length += piece instanceof Uint8Array ? piece.length : piece.bytes().length;
    }
    return length;
  }

  /** Whether a batch numbered above `ordinal` stands anywhere after the cursor. */
  hasLaterThan(ordinal: number): boolean {
    for (let i = this.place; i < this.pieces.length; i++) {
      const piece = this.pieces[i] as Piece;
      if (piece instanceof BatchChunk && piece.ordinal > ordinal) return true;
      if (piece instanceof Uint8Array && laterBatch(piece, i === this.place ? this.offset : 0, ordinal)) return true;
    }
    return false;
  }

  private moveTo(offset: number, piece: Uint8Array): void {
    this.offset = offset;
    if (offset < piece.length) return;
    this.place++;
    this.offset = 0;
  }
}

/** Bytes that stand side by side become one piece: a disk may cut them anywhere. */
function joined(chunks: readonly Chunk[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let run: Uint8Array[] = [];
  const close = (): void => {
    if (run.length > 0) pieces.push(concat(run));
    run = [];
  };
  for (const chunk of chunks) {
    if (chunk instanceof BatchChunk || chunk instanceof HeaderChunk) {
      close();
      pieces.push(chunk);
    } else {
      const bytes = chunk.bytes();
      if (bytes.length > 0) run.push(bytes);
    }
  }
  close();
  return pieces;
}
