// What the journal hands to a disk. A live disk asks for the bytes at once; a simulated one keeps the references, and bytes
// are made only if a fault, a dump or a test wants them. What a chunk weighs never depends on that.

import type { Codec } from '../kernel/base/codec.ts';
import type { Event, ServiceOutcome } from '../kernel/event.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { Message } from '../kernel/message.ts';
import { batchHash, encodeBatch, HEADER_MAGIC, recordHash, SNAPSHOT_MAGIC, WATERMARK_MAGIC, wrapRecord, type BatchContent } from './journal-format.ts';
import { segmentHeadCodec, snapshotCodec, watermarkCodec, type SegmentHead, type Snapshot } from './journal-records.ts';
import type { Chunk } from './ports.ts';

const EVENT_WEIGHT = 48;
const ENTRY_WEIGHT = 64;
const CHUNK_WEIGHT = 160;
const BEAT_WEIGHT = 24;
const RECORD_WEIGHT = 96;
const BATCH_WEIGHT = 108;

/** About how many bytes an event takes, without making them. */
export function eventWeight(event: Event): number {
  const cause = event.cause;
  if (cause.kind === 'message') return EVENT_WEIGHT + messageWeight(cause.message);
  return cause.kind === 'outcome' ? EVENT_WEIGHT + outcomeWeight(cause.outcome) : EVENT_WEIGHT;
}

function messageWeight(message: Message): number {
  if (message.kind === 'append') return ENTRY_WEIGHT * message.entries.length;
  if (message.kind === 'beats') return BEAT_WEIGHT * message.beats.length;
  if (message.kind === 'snapshot') return CHUNK_WEIGHT + message.bytes.length;
  if (message.kind === 'planOps') return CHUNK_WEIGHT * message.entries.length;
  return 0;
}

function outcomeWeight(outcome: ServiceOutcome): number {
  return outcome.kind === 'ok' && outcome.answer.service === 'content' && outcome.answer.is === 'chunk' ? outcome.answer.bytes.length : 0;
}

/** What a batch follows in its segment: the header, or the batch before it. */
export type Link = HeaderChunk | BatchChunk;

/** Made as a record when wanted, and not kept. */
export class RecordChunk<T> implements Chunk {
  readonly weight: number;
  readonly value: T;
  private readonly magic: number;
  private readonly codec: Codec<T>;

  constructor(magic: number, codec: Codec<T>, value: T, weight: number) {
    this.magic = magic;
    this.codec = codec;
    this.value = value;
    this.weight = weight;
  }

  bytes(): Uint8Array {
    return wrapRecord(this.magic, this.codec, this.value);
  }
}

export class HeaderChunk implements Chunk {
  readonly weight: number = 256;
  readonly head: SegmentHead;
  private known: string;

  /** `hash` if the record was read from bytes. */
  constructor(head: SegmentHead, hash = '') {
    this.head = head;
    this.known = hash;
  }

  get hash(): string {
    if (this.known === '') this.known = recordHash(this.bytes());
    return this.known;
  }

  bytes(): Uint8Array {
    return wrapRecord(HEADER_MAGIC, segmentHeadCodec, this.head);
  }
}

export class BatchChunk implements Chunk, BatchContent {
  readonly ordinal: number;
  readonly events: readonly Event[];
  readonly high: number;
  readonly low: number;
  readonly poisoned: boolean;
  readonly weight: number;
  /** Let go as soon as its hash is known. */
  private previous: Link | undefined;
  private before = '';
  private known = '';

  constructor(ordinal: number, events: readonly Event[], high: number, low: number, poisoned: boolean, weight: number, previous: Link | undefined) {
    this.ordinal = ordinal;
    this.events = events;
    this.high = high;
    this.low = low;
    this.poisoned = poisoned;
    this.weight = BATCH_WEIGHT + weight;
    this.previous = previous;
  }

  /** A batch that was read from bytes. */
  static parsed(content: BatchContent, before: string, hash: string): BatchChunk {
    let weight = 0;
    for (const event of content.events) weight += eventWeight(event);
    const batch = new BatchChunk(content.ordinal, content.events, content.high, content.low, content.poisoned, weight, undefined);
    batch.before = before;
    batch.known = hash;
    return batch;
  }

  get first(): number {
    return (this.events[0] as Event).sequence;
  }

  get last(): number {
    return this.first + this.events.length - 1;
  }

  /** The chained hash: of this batch, and through it of all before it in the segment. */
  get hash(): string {
    if (this.known === '') this.settle();
    return this.known;
  }

  follows(link: Link): boolean {
    return this.previous === link || this.beforeHash() === link.hash;
  }

  bytes(): Uint8Array {
    const before = this.beforeHash();
    const bytes = encodeBatch(this, before);
    this.known = batchHash(bytes);
    this.before = before;
    this.previous = undefined;
    return bytes;
  }

  private beforeHash(): string {
    return this.previous === undefined ? this.before : this.previous.hash;
  }

  /** Makes the hashes of the batches before this one first, oldest first, so that a long chain needs no deep stack. */
  private settle(): void {
    const open: BatchChunk[] = [this];
    for (let link = this.previous; link instanceof BatchChunk && link.known === ''; link = link.previous) open.push(link);
    for (let i = open.length - 1; i >= 0; i--) (open[i] as BatchChunk).bytes();
  }
}

/** Where durability had come to; the hash is made from the batch when somebody wants it. */
export class WatermarkChunk implements Chunk {
  readonly weight: number = 96;
  readonly batch: BatchChunk | undefined;

  constructor(batch: BatchChunk | undefined) {
    this.batch = batch;
  }

  bytes(): Uint8Array {
    const batch = this.batch;
    const mark = batch === undefined ? { sequence: 0, ordinal: 0, hash: '' } : { sequence: batch.last, ordinal: batch.ordinal, hash: batch.hash };
    return wrapRecord(WATERMARK_MAGIC, watermarkCodec, mark);
  }
}

export class SnapshotChunk extends RecordChunk<Snapshot> {
  constructor(snapshot: Snapshot) {
    super(SNAPSHOT_MAGIC, snapshotCodec, snapshot, imageWeight(snapshot.image));
  }
}

const IMAGE_WEIGHT = 4096;
const SESSION_WEIGHT = 256;

/** About how many bytes an image takes: what grows in it are logs, records and sessions. */
function imageWeight(image: KernelImage): number {
  let weight = IMAGE_WEIGHT;
  for (const group of image.groups) weight += ENTRY_WEIGHT * group.entries.length + RECORD_WEIGHT * group.machine.records.length + SESSION_WEIGHT * group.sessions.length;
  return weight;
}

/** Makes what was appended before it durable, and adds nothing. */
export const NOTHING: Chunk = { weight: 0, bytes: () => new Uint8Array(0) };
