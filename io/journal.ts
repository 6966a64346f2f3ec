// The record of everything a node has learned. Events gather in an open batch; a batch is closed and written when something
// waits for it (group commit), one at a time, so that only the last batch of a journal can ever be torn. Snapshots and the
// watermark follow in the background. A synchronous state machine over the Disk port; nothing here is ever retried.

import { assert } from '../kernel/base/assert.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Event } from '../kernel/event.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { BatchChunk, eventWeight, HeaderChunk, RecordChunk, SnapshotChunk, WatermarkChunk, type Link } from './journal-chunks.ts';
import { SEAL_FILE, SEAL_MAGIC, segmentFile, snapshotFile, WATERMARK_FILE } from './journal-format.ts';
import { sealCodec, type Place, type Writing } from './journal-records.ts';
import type { Chunk, Disk, DiskRequest, DiskResult, Shadow } from './ports.ts';

export interface JournalLimits {
  /** Events between two snapshots. Two snapshots are kept, and the events after the older one. */
  readonly snapshotEvery: number;
  /** Or so many batches, if they are that small: to check a batch takes as long as to refold ten events. */
  readonly snapshotBatches: number;
  /** A segment is closed when it weighs this much, and at every snapshot. */
  readonly segmentWeight: number;
  /** An open batch with this many events is written though nothing waits for it, or takes no more until it can be. */
  readonly batchEvents: number;
  /** The watermark is written after this many batches, or this long, whichever comes first. */
  readonly watermarkBatches: number;
  readonly watermarkUs: Micros;
}

/** What a completion meant. `durable`: the batch that was under way is on the disk. */
export type Completed = 'nothing' | 'durable' | 'snapshot' | 'sealed' | 'failed';

export interface JournalStart {
  readonly place: Place;
  readonly at: Micros;
  readonly incarnation: number;
  readonly snapshots: readonly number[];
  readonly segments: readonly number[];
  /** Batches since the newest snapshot. */
  readonly refolded: number;
  /** Tokens below it are spent. */
  readonly token: number;
}

/** A snapshot that was made, and is not on the disk yet. */
interface Made {
  readonly sequence: number;
  readonly chunk: Chunk;
}

/**
 * An event that a start had to refold counts so many times towards the next snapshot: a node that has just started may be one
 * that is started again and again, and would otherwise refold the same events each time.
 */
const REFOLDED_COUNTS = 4;
const NO_TOKEN = -1;
const NONE = -1;

export class Journal {
  private readonly disk: Disk;
  private readonly writing: Writing;
  private readonly limits: JournalLimits;

  /** The open batch: the first `count` of these. */
  private readonly events: Event[] = [];
  private count = 0;
  private weight = 0;
  private readonly start: Place;
  /** The batch that was closed last, if any was since the start. */
  private closed: BatchChunk | undefined;

  private segment = '';
  private segmentWeight = 0;
  private link: Link | undefined;
  private rolls = true;

  private flying: BatchChunk | undefined;
  private flyingToken = NO_TOKEN;
  private durable: BatchChunk | undefined;

  private markToken = NO_TOKEN;
  private markedOrdinal: number;
  private markedAt: Micros;

  private readonly shadow: Shadow | undefined;
  /** The event after which the shadow was asked for a snapshot that it has not brought yet. */
  private wanted = NONE;
  /** A snapshot that waits for the events before it to be durable, or is being written. */
  private snapshot: Made | undefined;
  private snapshotToken = NO_TOKEN;
  private imagedAt: number;
  private imagedOrdinal: number;
  private readonly snapshots: number[];
  private readonly segments: number[];

  private sealToken = NO_TOKEN;
  private token: number;

  incarnation: number;
  /** Why the disk failed, after `failed`. */
  failure: { readonly reason: 'full' | 'io'; readonly detail: string } | undefined;
  batches = 0;
  fsyncs = 0;
  snapshotsWritten = 0;

  constructor(disk: Disk, writing: Writing, limits: JournalLimits, start: JournalStart, shadow?: Shadow) {
    this.disk = disk;
    this.shadow = shadow;
    this.writing = writing;
    this.limits = limits;
    this.start = start.place;
    this.markedOrdinal = 0;
    // The first batch of a start is marked without delay.
    this.markedAt = start.at - limits.watermarkUs;
    this.snapshots = [...start.snapshots];
    this.segments = [...start.segments];
    this.imagedAt = start.place.sequence - REFOLDED_COUNTS * (start.place.sequence - this.newestSnapshot);
    this.imagedOrdinal = start.place.ordinal - start.refolded;
    this.incarnation = start.incarnation;
    this.token = start.token;
  }

  append(event: Event): void {
    this.events[this.count++] = event;
    this.weight += eventWeight(event);
  }

  /** Where the journal has come to: the end of the last closed batch. */
  private get after(): Place {
    const closed = this.closed;
    return closed === undefined ? this.start : { sequence: closed.last, ordinal: closed.ordinal, high: closed.high, low: closed.low };
  }

  /** Events that are not yet on their way to the disk. */
  get open(): number {
    return this.count;
  }

  get syncing(): boolean {
    return this.flying !== undefined;
  }

  get full(): boolean {
    return this.count >= this.limits.batchEvents;
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.flying === undefined && this.snapshotToken === NO_TOKEN && this.markToken === NO_TOKEN;
  }

  /** Closes the open batch and writes it. `poisoned`: the kernel failed on its last event, and has no digest any more. */
  write(kernel: Kernel, at: Micros, poisoned: boolean): void {
    assert(this.flying === undefined && this.count > 0, 'one batch is written at a time');
    if (this.rolls || this.segmentWeight >= this.limits.segmentWeight) this.roll();
    const high = poisoned ? 0 : kernel.digestHigh;
    const low = poisoned ? 0 : kernel.digestLow;
    const ordinal = (this.closed ?? this.start).ordinal + 1;
    const batch = new BatchChunk(ordinal, this.events.slice(0, this.count), high, low, poisoned, this.weight, this.link);
    this.closed = batch;
    this.link = batch;
    this.flying = batch;
    this.count = 0;
    this.weight = 0;
    this.segmentWeight += batch.weight;
    this.batches++;
    this.flyingToken = this.submit({ kind: 'append', file: this.segment, chunk: batch, sync: true });
    if (!poisoned && !this.snapshotUnderWay && this.isLong(batch)) this.order(kernel);
    this.trail(at);
  }

  /** What became of a request. After `failed` the journal must not be used any more. */
  completed(token: number, result: DiskResult): Completed {
    if (result.kind === 'failed' && result.reason !== 'missing') return this.failed(result.reason === 'full' ? 'full' : 'io', result.detail);
    if (token === this.flyingToken) return this.batchDurable();
    if (token === this.markToken) this.markToken = NO_TOKEN;
    else if (token === this.snapshotToken) return this.snapshotDurable();
    else if (token === this.sealToken) return 'sealed';
    return 'nothing';
  }

  /** The batch that became durable last. */
  get last(): BatchChunk {
    return this.durable as BatchChunk;
  }

  /** True if a snapshot waits to be written, and everything before it is durable. */
  get snapshotDue(): boolean {
    return this.snapshot !== undefined && this.snapshotToken === NO_TOKEN && this.durable !== undefined && this.durable.last >= this.snapshot.sequence;
  }

  writeSnapshot(): void {
    const { sequence, chunk } = this.snapshot as Made;
    this.snapshotToken = this.submit({ kind: 'replace', file: snapshotFile(sequence), chunk });
  }

  /** Whether the newest snapshot holds everything there is. */
  get snapshotCurrent(): boolean {
    return this.snapshot === undefined && this.newestSnapshot === this.after.sequence;
  }

  /** Takes the snapshot with which a sealed journal ends. */
  prepareSnapshot(image: KernelImage): void {
    assert(image.sequence === this.after.sequence, 'a snapshot is taken at the end of a batch');
    this.snapshot = { sequence: image.sequence, chunk: new SnapshotChunk({ ...this.writing, after: this.after, incarnation: this.incarnation, image }) };
    this.wanted = NONE;
    this.imagedAt = image.sequence;
    this.imagedOrdinal = this.after.ordinal;
    this.rolls = true;
  }

  /** Up to this batch there is so much since the last snapshot that a start would have long to refold. */
  private isLong(batch: BatchChunk): boolean {
    return batch.last - this.imagedAt >= this.limits.snapshotEvery || batch.ordinal - this.imagedOrdinal >= this.limits.snapshotBatches;
  }

  /** A snapshot at the end of the batch that was just closed. The shadow makes it while the node goes on. */
  private order(kernel: Kernel): void {
    if (this.shadow === undefined) return this.prepareSnapshot(kernel.image());
    this.wanted = this.imagedAt = this.after.sequence;
    this.imagedOrdinal = this.after.ordinal;
    this.rolls = true;
    this.shadow.snapshot(this.wanted);
  }

  /** The shadow brings a snapshot. One that nobody waits for any more is let go. */
  imaged(sequence: number, chunk: Chunk): void {
    if (sequence !== this.wanted) return;
    this.wanted = NONE;
    this.snapshot = { sequence, chunk };
  }

  get snapshotUnderWay(): boolean {
    return this.wanted !== NONE || this.snapshot !== undefined;
  }

  /** The newest snapshot on the disk; 0 if there is none. */
  get newestSnapshot(): number {
    return this.snapshots[this.snapshots.length - 1] ?? 0;
  }

  get sealing(): boolean {
    return this.sealToken !== NO_TOKEN;
  }

  /** The last thing a clean stop writes. Everything before it is durable. */
  writeSeal(): void {
    this.mark();
    this.sealToken = this.submit({ kind: 'replace', file: SEAL_FILE, chunk: new RecordChunk(SEAL_MAGIC, sealCodec, { ...this.writing, at: this.after }, 256) });
  }

  private submit(request: DiskRequest): number {
    const token = this.token++;
    if (request.kind !== 'append' || request.sync) this.fsyncs++;
    this.disk.submit(token, request);
    return token;
  }

  /** Begins a segment. Its header becomes durable with its first batch. */
  private roll(): void {
    const first = this.after.sequence + 1;
    const header: HeaderChunk = new HeaderChunk({ ...this.writing, after: this.after });
    this.segment = segmentFile(first);
    this.segments.push(first);
    this.segmentWeight = header.weight;
    this.link = header;
    this.rolls = false;
    this.submit({ kind: 'append', file: this.segment, chunk: header, sync: false });
  }

  private batchDurable(): Completed {
    this.durable = this.flying;
    this.flying = undefined;
    this.flyingToken = NO_TOKEN;
    return 'durable';
  }

  /** Lets the watermark follow what is durable. It trails by a bounded number of batches, so that it costs next to nothing. */
  private trail(at: Micros): void {
    const durable = this.durable;
    if (durable === undefined || this.markToken !== NO_TOKEN) return;
    if (durable.ordinal - this.markedOrdinal < this.limits.watermarkBatches && at - this.markedAt < this.limits.watermarkUs) return;
    this.markedAt = at;
    this.mark();
  }

  private mark(): void {
    const durable = this.durable;
    if (durable === undefined || durable.ordinal === this.markedOrdinal) return;
    this.markedOrdinal = durable.ordinal;
    const chunk: Chunk = new WatermarkChunk(durable);
    this.markToken = this.submit({ kind: 'replace', file: WATERMARK_FILE, chunk });
  }

  private snapshotDurable(): Completed {
    this.snapshots.push((this.snapshot as Made).sequence);
    this.snapshot = undefined;
    this.snapshotToken = NO_TOKEN;
    this.snapshotsWritten++;
    this.retain();
    return 'snapshot';
  }

  /** Keeps two snapshots, in case the newer one is damaged, and the events after the older one. */
  private retain(): void {
    while (this.snapshots.length > 2) this.submit({ kind: 'remove', file: snapshotFile(this.snapshots.shift() as number) });
    if (this.snapshots.length < 2) return;
    const oldest = this.snapshots[0] as number;
    while (this.segments.length > 1 && (this.segments[1] as number) <= oldest + 1) this.submit({ kind: 'remove', file: segmentFile(this.segments.shift() as number) });
  }

  private failed(reason: 'full' | 'io', detail: string): Completed {
    this.failure = { reason, detail };
    return 'failed';
  }
}
