// Follows a journal while it is written, and folds it: what a shadow does (rule 10). It reads what is on the disk, not what the
// node believes it wrote, checks every link of the chain and every digest, and makes snapshots of its own state. It decides
// nothing: how far the journal is durable, and where a snapshot is wanted, it is told.

import { digestText } from '../kernel/base/digest.ts';
import type { Event } from '../kernel/event.ts';
import { Kernel } from '../kernel/kernel.ts';
import { BatchChunk, HeaderChunk, SnapshotChunk, type Link } from './journal-chunks.ts';
import { HEADER_MAGIC, parseBatch, segmentFile, unwrapRecord } from './journal-format.ts';
import { refold, type Answers } from './journal-read.ts';
import { segmentHeadCodec, type Place, type Writing } from './journal-records.ts';

/** The bytes of a file from `offset` to its end as it is now; undefined if there is no such file. */
export type ReadFrom = (file: string, offset: number) => Uint8Array | undefined;

/** The journal says something else than the node, or than it should: a sentence for a person. */
export class Differs extends Error {
  override readonly name = 'Differs';
}

interface Segment {
  readonly file: string;
  readonly link: Link;
  readonly offset: number;
}

export class JournalFollower {
  /** Batches whose digest was compared. */
  compared = 0;
  private readonly writing: Writing;
  private readonly readFrom: ReadFrom;
  private kernel: Kernel = new Kernel();
  private ordinal = 0;
  private incarnation = 0;
  private segment: Segment | undefined;
  /** Of the file of `segment`, from `start` on. */
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;

  constructor(writing: Writing, readFrom: ReadFrom) {
    this.writing = writing;
    this.readFrom = readFrom;
  }

  /** Folds what lies still, up to the event after which the node goes on with this digest. */
  begin(answer: Answers, sequence: number, high: number, low: number): void {
    const found = refold(answer, { writing: {}, fromBoot: false, until: sequence });
    if (found.kind === 'refused') throw new Differs(found.text);
    const { kernel, place, incarnation } = found;
    if (place.sequence !== sequence || place.high !== high || place.low !== low) {
      throw new Differs(`Folded from its files, the journal ends with event ${place.sequence} and digest ${kernel.digest()}; the node goes on from event ${sequence} with digest ${digestText(high, low)}.`);
    }
    this.kernel = kernel;
    this.ordinal = place.ordinal;
    this.incarnation = incarnation;
  }

  /** The last event that was folded. */
  get sequence(): number {
    return this.kernel.sequence;
  }

  /** Folds up to this event, which ends a batch and is durable: what is missing is a difference. */
  follow(sequence: number): void {
    while (this.kernel.sequence < sequence) {
      if (!this.foldNext() && !this.readMore() && !this.openNext()) {
        throw new Differs(`Event ${this.kernel.sequence + 1} is durable, and it is not in the files of the journal.`);
      }
    }
  }

  /** The snapshot of this place, as bytes. */
  snapshot(): Uint8Array {
    const kernel = this.kernel;
    return new SnapshotChunk({ ...this.writing, after: this.place(), incarnation: this.incarnation, image: kernel.image() }).bytes();
  }

  private place(): Place {
    return { sequence: this.kernel.sequence, ordinal: this.ordinal, high: this.kernel.digestHigh, low: this.kernel.digestLow };
  }

  /** The next batch of the bytes that were read; false if they hold no whole one. */
  private foldNext(): boolean {
    const segment = this.segment;
    if (segment === undefined || segment.offset >= this.start + this.bytes.length) return false;
    const found = parseBatch(this.bytes, segment.offset - this.start, segment.link.hash);
    if (!found.ok) return false;
    const batch = BatchChunk.parsed(found.content, found.before, found.hash);
    if (batch.ordinal !== this.ordinal + 1 || batch.first !== this.kernel.sequence + 1 || !batch.follows(segment.link)) {
      throw new Differs(`After batch ${this.ordinal} and event ${this.kernel.sequence} the journal goes on with batch ${batch.ordinal} and event ${batch.first}.`);
    }
    this.fold(batch);
    this.segment = { file: segment.file, link: batch, offset: this.start + found.end };
    return true;
  }

  private fold(batch: BatchChunk): void {
    const last = batch.events.length - 1;
    for (let i = 0; i <= last; i++) {
      const event = batch.events[i] as Event;
      if (batch.poisoned && i === last) this.kernel.skip(event);
      else this.step(event);
      if (event.cause.kind === 'recovered') this.incarnation = event.cause.incarnation;
    }
    this.ordinal = batch.ordinal;
    if (batch.poisoned) return;
    this.compared++;
    if (this.kernel.digestHigh === batch.high && this.kernel.digestLow === batch.low) return;
    throw new Differs(`Folding events ${batch.first} to ${batch.last} of its journal gives the digest ${this.kernel.digest()}, and the node has ${digestText(batch.high, batch.low)}: its state is not what its journal says.`);
  }

  private step(event: Event): void {
    try {
      this.kernel.step(event);
    } catch (error) {
      throw new Differs(`Folding event ${event.sequence} failed an assertion that the node had passed (${error instanceof Error ? error.message : String(error)}).`);
    }
  }

  /** What the file of this segment has more than was read; false if it has no more. */
  private readMore(): boolean {
    const segment = this.segment;
    if (segment === undefined) return false;
    const known = this.start + this.bytes.length;
    const bytes = this.readFrom(segment.file, segment.offset);
    if (bytes === undefined || segment.offset + bytes.length <= known) return false;
    this.bytes = bytes;
    this.start = segment.offset;
    return true;
  }

  /** The segment that begins with the next event; false if there is none. */
  private openNext(): boolean {
    const file = segmentFile(this.kernel.sequence + 1);
    const bytes = this.readFrom(file, 0);
    if (bytes === undefined || bytes.length === 0) return false;
    const found = unwrapRecord(HEADER_MAGIC, segmentHeadCodec, bytes, 0);
    if (!found.ok) throw new Differs(`The header of ${file} cannot be read: ${found.reason}.`);
    const { ordinal, high, low } = found.value.after;
    if (ordinal !== this.ordinal || high !== this.kernel.digestHigh || low !== this.kernel.digestLow) throw new Differs(`${file} goes on from another state than the events before it give.`);
    this.bytes = bytes;
    this.start = 0;
    this.segment = { file, link: new HeaderChunk(found.value, found.hash), offset: found.end };
    return true;
  }
}
