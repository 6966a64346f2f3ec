// Reads a data directory and refolds it: the newest usable snapshot, then every event after it, with effects discarded and
// the digest compared at the end of every batch. It changes nothing; what must be repaired before the journal goes on is
// returned as requests. A generator, so that it reads like the story it tells: it yields a disk request and is given the
// result, or yields nothing to let others have a turn. The loop drives it, and so does the offline reader.
//
// What may be missing at the end. Only the last batch of a journal can be torn: a batch is written when the one before it is
// durable, and a segment is begun when the one before it is. So damage before the last batch, or before a later segment, is
// damage to something acknowledged, whatever the watermark says. The last batch is cut if it lies above the watermark. The
// watermark trails by some batches; acknowledged batches that vanish from within that window are noticed by the peers, who
// remember the last place they heard from (kernel/peers.ts).

import { assert } from '../kernel/base/assert.ts';
import { digestText } from '../kernel/base/digest.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Effect } from '../kernel/effect.ts';
import type { Event } from '../kernel/event.ts';
import { Kernel } from '../kernel/kernel.ts';
import { concat } from './journal-bytes.ts';
import { NOTHING, RecordChunk, SnapshotChunk, WatermarkChunk, type BatchChunk, type HeaderChunk, type Link } from './journal-chunks.ts';
import { SEAL_FILE, SEAL_MAGIC, segmentFile, segmentOf, SNAPSHOT_MAGIC, snapshotFile, snapshotOf, unwrapFile, WATERMARK_FILE, WATERMARK_MAGIC } from './journal-format.ts';
import { sealCodec, snapshotCodec, watermarkCodec, type Place, type Seal, type Snapshot, type Writing } from './journal-records.ts';
import { SegmentCursor } from './journal-segment.ts';
import type { Chunk, DiskRequest, DiskResult } from './ports.ts';

export type RefusalCode = 'locked' | 'format' | 'version' | 'otherNode' | 'lost' | 'damaged' | 'diverged' | 'io';

/** A start that must not happen, with a sentence for a person. */
export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly text: string;
  /** For `diverged`: the events between the last digest that agreed and the first that did not. */
  readonly first?: number;
  readonly last?: number;
}

/** A journal that was read to its end. */
export interface Refolded {
  readonly kind: 'refolded';
  readonly kernel: Kernel;
  /** Time of the last event. */
  readonly at: Micros;
  readonly place: Place;
  /** Of the last start; 0 if there was none. */
  readonly incarnation: number;
  readonly snapshots: readonly number[];
  readonly segments: readonly number[];
  /** To be done in this order before anything is appended. */
  readonly repairs: readonly DiskRequest[];
  readonly counts: ReadingCounts;
}

export interface ReadingCounts {
  refolded: number;
  batches: number;
  snapshotsSkipped: number;
  poisonSkipped: number;
  /** Batches or parts of one that were cut off above the watermark. */
  cut: number;
  watermarkDamaged: number;
}

export interface ReadingOptions {
  /** Whose journal it must be; what is left out may be anything. */
  readonly writing: Partial<Writing>;
  readonly lock: boolean;
  /** From the first event, or the oldest snapshot if that event is no longer there, instead of the newest snapshot. */
  readonly fromBoot: boolean;
  /** Stop after this event. */
  readonly until: number;
  /** Events between two pauses. */
  readonly sliceEvents: number;
  /** Sees each event after it was refolded, with the effects that are discarded. */
  readonly seen?: (event: Event, effects: readonly Effect[], kernel: Kernel) => void;
}

export type Reading = Generator<DiskRequest | undefined, Refolded | Refusal, DiskResult | undefined>;

/** Thrown inside this file only. */
class Stop extends Error {
  readonly refusal: Refusal;

  constructor(code: RefusalCode, text: string, first?: number, last?: number) {
    super(text);
    this.refusal = { kind: 'refused', code, text, ...(first === undefined ? {} : { first }), ...(last === undefined ? {} : { last }) };
  }
}

export function* readJournal(options: ReadingOptions): Reading {
  try {
    return yield* new Reader(options).read();
  } catch (error) {
    if (error instanceof Stop) return error.refusal;
    throw error;
  }
}

/** The watermark file: intact, absent, or there and unreadable (then everything that is found counts as acknowledged). */
interface Mark {
  readonly known: boolean;
  readonly sequence: number;
  readonly ordinal: number;
  /** The batch it names, if the disk gave the very object back. */
  readonly chunk: WatermarkChunk | undefined;
  readonly hash: string;
}

type Asking<T> = Generator<DiskRequest | undefined, T, DiskResult | undefined>;

class Reader {
  private readonly options: ReadingOptions;
  private readonly counts: ReadingCounts = { refolded: 0, batches: 0, snapshotsSkipped: 0, poisonSkipped: 0, cut: 0, watermarkDamaged: 0 };
  private readonly repairs: DiskRequest[] = [];
  private snapshots: number[] = [];
  private segments: number[] = [];
  private mark: Mark = { known: true, sequence: 0, ordinal: 0, chunk: undefined, hash: '' };
  private seal: Seal | undefined;
  private sealPresent = false;
  private kernel: Kernel = new Kernel();
  /** Where the refold has come to. */
  private sequence = 0;
  private ordinal = 0;
  private at: Micros = 0;
  private incarnation = 0;
  private tail: string | undefined;

  constructor(options: ReadingOptions) {
    this.options = options;
  }

  *read(): Asking<Refolded> {
    if (this.options.lock) yield* this.lock();
    yield* this.lookAround();
    const snapshot = yield* this.newestSnapshot();
    if (snapshot !== undefined) this.restore(snapshot);
    const converts = snapshot !== undefined && this.checkVersion(snapshot);
    if (!converts) yield* this.refoldSegments();
    this.checkEnd();
    if (converts) this.convert(snapshot as Snapshot);
    this.settleRepairs();
    return {
      kind: 'refolded', kernel: this.kernel, at: this.at, place: this.place(), incarnation: this.incarnation,
      snapshots: this.snapshots, segments: this.segments, repairs: this.repairs, counts: this.counts,
    };
  }

  private place(): Place {
    return { sequence: this.sequence, ordinal: this.ordinal, high: this.kernel.digestHigh, low: this.kernel.digestLow };
  }

  private stands(place: Place): boolean {
    return place.ordinal === this.ordinal && place.high === this.kernel.digestHigh && place.low === this.kernel.digestLow;
  }

  private *ask(request: DiskRequest): Asking<DiskResult> {
    const result = yield request;
    assert(result !== undefined, 'a request is answered with its result');
    if (result.kind === 'failed' && result.reason !== 'missing' && result.reason !== 'locked') throw new Stop('io', `The disk failed on ${request.kind}: ${result.detail}`);
    return result;
  }

  private *lock(): Asking<void> {
    const result = yield* this.ask({ kind: 'lock' });
    if (result.kind === 'failed') throw new Stop('locked', result.detail);
  }

  private *content(file: string): Asking<readonly Chunk[] | undefined> {
    const result = yield* this.ask({ kind: 'read', file });
    return result.kind === 'content' ? result.chunks : undefined;
  }

  /** Lists the directory and reads its small files. */
  private *lookAround(): Asking<void> {
    const listed = yield* this.ask({ kind: 'list' });
    const files = listed.kind === 'files' ? listed.files : [];
    this.snapshots = numbered(files, snapshotOf);
    this.segments = numbered(files, segmentOf);
    if (files.includes(WATERMARK_FILE)) this.readMark(yield* this.content(WATERMARK_FILE));
    else if (this.segments.length + this.snapshots.length > 0) this.unknownMark();
    else this.repairs.push({ kind: 'replace', file: WATERMARK_FILE, chunk: new WatermarkChunk(undefined) });
    this.sealPresent = files.includes(SEAL_FILE);
    if (this.sealPresent) this.readSeal(yield* this.content(SEAL_FILE));
  }

  private readMark(chunks: readonly Chunk[] | undefined): void {
    const only = chunks?.length === 1 ? chunks[0] : undefined;
    if (only instanceof WatermarkChunk) {
      const batch = only.batch;
      this.mark = { known: true, sequence: batch?.last ?? 0, ordinal: batch?.ordinal ?? 0, chunk: only, hash: '' };
      return;
    }
    const found = unwrapFile(WATERMARK_MAGIC, watermarkCodec, bytesOf(chunks));
    if (!found.ok) {
      if (found.foreign) throw new Stop('format', `The data directory cannot be read: ${found.reason}.`);
      return this.unknownMark();
    }
    this.mark = { known: true, chunk: undefined, ...found.value };
  }

  private unknownMark(): void {
    this.counts.watermarkDamaged++;
    this.mark = { known: false, sequence: 0, ordinal: 0, chunk: undefined, hash: '' };
  }

  private readSeal(chunks: readonly Chunk[] | undefined): void {
    const only = chunks?.length === 1 ? chunks[0] : undefined;
    if (only instanceof RecordChunk) {
      this.seal = only.value as Seal;
      return;
    }
    const found = unwrapFile(SEAL_MAGIC, sealCodec, bytesOf(chunks));
    if (found.ok) this.seal = found.value;
  }

  // -- snapshots -----------------------------------------------------------------------------------------------------------

  /** The newest snapshot that is intact. Newer ones that are not are forgotten, and removed. */
  private *newestSnapshot(): Asking<Snapshot | undefined> {
    if (this.options.fromBoot && this.segments[0] === 1) return undefined;
    if (this.options.fromBoot) return yield* this.oldestSnapshot();
    while (this.snapshots.length > 0) {
      const sequence = this.snapshots[this.snapshots.length - 1] as number;
      if (sequence <= this.options.until) {
        const snapshot = this.readSnapshot(sequence, yield* this.content(snapshotFile(sequence)));
        if (snapshot !== undefined) return snapshot;
        this.counts.snapshotsSkipped++;
        this.repairs.push({ kind: 'remove', file: snapshotFile(sequence) });
      }
      this.snapshots.pop();
    }
    return undefined;
  }

  /** Where the longest refold begins that the files allow. */
  private *oldestSnapshot(): Asking<Snapshot | undefined> {
    for (const sequence of this.snapshots) {
      if (sequence > this.options.until) break;
      const snapshot = this.readSnapshot(sequence, yield* this.content(snapshotFile(sequence)));
      if (snapshot !== undefined) return snapshot;
      this.counts.snapshotsSkipped++;
    }
    return undefined;
  }

  private readSnapshot(sequence: number, chunks: readonly Chunk[] | undefined): Snapshot | undefined {
    const only = chunks?.length === 1 ? chunks[0] : undefined;
    let snapshot: Snapshot;
    if (only instanceof SnapshotChunk) snapshot = only.value;
    else {
      const found = unwrapFile(SNAPSHOT_MAGIC, snapshotCodec, bytesOf(chunks));
      if (!found.ok) {
        if (found.foreign) throw new Stop('format', `The snapshot after event ${sequence} cannot be read: ${found.reason}.`);
        return undefined;
      }
      snapshot = found.value;
    }
    return snapshot.after.sequence === sequence && snapshot.image.sequence === sequence ? snapshot : undefined;
  }

  private restore(snapshot: Snapshot): void {
    this.checkOwner(snapshot);
    this.kernel = Kernel.restore(snapshot.image);
    if (this.kernel.digestHigh !== snapshot.after.high || this.kernel.digestLow !== snapshot.after.low)
      throw new Stop('diverged', `The snapshot after event ${snapshot.after.sequence} holds another state than it says.`, snapshot.after.sequence, snapshot.after.sequence);
    this.sequence = snapshot.after.sequence;
    this.ordinal = snapshot.after.ordinal;
    this.at = snapshot.image.at;
    this.incarnation = snapshot.incarnation;
  }

  private checkOwner(writing: Writing): void {
    const own = this.options.writing;
    if (own.network !== undefined && writing.network !== own.network) throw new Stop('otherNode', `This data directory belongs to the network ${writing.network}, not to ${own.network}: give the node its own.`);
    if (own.self !== undefined && writing.self !== own.self) throw new Stop('otherNode', `This data directory belongs to node ${writing.self}, not to node ${own.self}: give the node its own.`);
  }

  /** True if another version wrote the snapshot and sealed it: this version goes on from it, and refolds nothing. */
  private checkVersion(snapshot: Snapshot): boolean {
    const version = this.options.writing.version;
    if (version === undefined || snapshot.version === version) return false;
    const seal = this.seal;
    const after = snapshot.after;
    const sealed = seal !== undefined && seal.at.sequence === after.sequence && seal.at.high === after.high && seal.at.low === after.low;
    const nothingLater = (this.segments[this.segments.length - 1] ?? 0) <= after.sequence;
    if (!sealed || !nothingLater) throw otherVersion(snapshot.version, version);
    return true;
  }

  /** The sealed snapshot becomes this version's own; what lies before it was another version's and cannot be refolded. */
  private convert(snapshot: Snapshot): void {
    const chunk = new SnapshotChunk({ ...snapshot, ...this.options.writing });
    this.repairs.push({ kind: 'replace', file: snapshotFile(snapshot.after.sequence), chunk });
  }

  // -- segments ------------------------------------------------------------------------------------------------------------

  private *refoldSegments(): Asking<void> {
    let start = this.segments.length - 1;
    while (start > 0 && (this.segments[start] as number) > this.sequence + 1) start--;
    const first = this.segments[start];
    if (first !== undefined && first > this.sequence + 1) throw new Stop('lost', `Events ${this.sequence + 1} to ${first - 1} are missing, and no snapshot holds them: the node must come back as a new member.`);
    for (let i = start; i >= 0 && i < this.segments.length && this.sequence < this.options.until; i++) {
      const first = this.segments[i] as number;
      const chunks = yield* this.content(segmentFile(first));
      yield* this.refoldSegment(first, new SegmentCursor(chunks ?? []), i === this.segments.length - 1);
    }
  }

  private *refoldSegment(first: number, cursor: SegmentCursor, isLast: boolean): Asking<void> {
    const found = cursor.header();
    if (!found.ok) {
      if (found.foreign) throw new Stop('format', `The journal from event ${first} on cannot be read: ${found.reason}.`);
      return this.damaged(first, cursor, isLast, found.reason, this.ordinal + 1);
    }
    const head = found.header.head;
    this.checkOwner(head);
    const version = this.options.writing.version;
    if (version !== undefined && head.version !== version) throw otherVersion(head.version, version);
    if (head.after.sequence !== first - 1) return this.damaged(first, cursor, isLast, 'its header names another place', this.ordinal + 1);
    yield* this.refoldBatches(first, cursor, isLast, found.header);
  }

  private *refoldBatches(first: number, cursor: SegmentCursor, isLast: boolean, header: HeaderChunk): Asking<void> {
    let link: Link = header;
    let expected = header.head.after;
    let events = 0;
    if (expected.sequence === this.sequence && !this.stands(expected)) throw new Stop('diverged', `The journal from event ${first} on goes on from another state than the events before it give.`, this.sequence, first);
    if (expected.sequence > this.sequence) throw new Stop('lost', `Events ${this.sequence + 1} to ${expected.sequence} are missing: the node must come back as a new member.`);
    for (;;) {
      const found = cursor.peek(link);
      if (found.kind === 'end') break;
      const fault = found.kind === 'damaged' ? found.reason : outOfPlace(found.batch, expected, link);
      if (fault !== undefined || found.kind !== 'batch') return this.damaged(first, cursor, isLast, fault ?? '', expected.ordinal + 1);
      const batch = found.batch;
      this.checkAgainstMark(batch);
      if (batch.last > this.sequence) this.refoldBatch(batch);
      cursor.accept();
      link = batch;
      expected = { sequence: batch.last, ordinal: batch.ordinal, high: batch.high, low: batch.low };
      if (this.sequence >= this.options.until) return;
      events += batch.events.length;
      if (events >= this.options.sliceEvents) {
        events = 0;
        yield undefined;
      }
    }
    if (link !== header) this.tail = segmentFile(first);
    else if (isLast) this.drop(first);
  }

  private refoldBatch(batch: BatchChunk): void {
    if (batch.first !== this.sequence + 1) throw new Stop('diverged', `The batch of events ${batch.first} to ${batch.last} does not follow event ${this.sequence}.`, batch.first, batch.last);
    const events = batch.events;
    const stop = Math.min(events.length, this.options.until - this.sequence);
    for (let i = 0; i < stop; i++) this.refold(events[i] as Event, batch, batch.poisoned && i === events.length - 1);
    this.counts.batches++;
    this.ordinal = batch.ordinal;
    if (stop < events.length || batch.poisoned) return;
    if (this.kernel.digestHigh !== batch.high || this.kernel.digestLow !== batch.low) throw this.diverged(batch);
  }

  private refold(event: Event, batch: BatchChunk, poisoned: boolean): void {
    if (event.at < this.at) throw new Stop('diverged', `Time goes back at event ${event.sequence}.`, batch.first, batch.last);
    if (event.cause.kind === 'recovered') this.incarnation = event.cause.incarnation;
    const effects = poisoned ? this.skip(event) : this.step(event, batch);
    this.sequence = event.sequence;
    this.at = event.at;
    this.counts.refolded++;
    this.options.seen?.(event, effects, this.kernel);
  }

  private skip(event: Event): readonly Effect[] {
    this.kernel.skip(event);
    this.counts.poisonSkipped++;
    return [];
  }

  /** Effects are discarded: they were performed when the event was new, or their outcome is asked for again by `recovered`. */
  private step(event: Event, batch: BatchChunk): readonly Effect[] {
    try {
      return this.kernel.step(event);
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unknown';
      throw new Stop('diverged', `Refolding event ${event.sequence} failed an assertion that it had passed when it was new (${why}).`, batch.first, batch.last);
    }
  }

  private diverged(batch: BatchChunk): Stop {
    const text = `Refolding events ${batch.first} to ${batch.last} gives the digest ${this.kernel.digest()}, and the journal says ${digestText(batch.high, batch.low)}: the kernel that wrote them behaved differently.`;
    return new Stop('diverged', text, batch.first, batch.last);
  }

  private checkAgainstMark(batch: BatchChunk): void {
    const mark = this.mark;
    if (!mark.known || mark.ordinal !== batch.ordinal) return;
    const same = mark.sequence === batch.last && (mark.chunk?.batch === batch || (mark.chunk?.batch?.hash ?? mark.hash) === batch.hash);
    if (!same) throw new Stop('lost', `The events up to ${mark.sequence} that were acknowledged are not the ones in the journal: the node must come back as a new member.`);
  }

  /** Damage in the segment that begins with event `first`, where batch `ordinal` should stand. */
  private damaged(first: number, cursor: SegmentCursor, isLast: boolean, reason: string, ordinal: number): void {
    const acknowledged = !isLast || !this.mark.known || this.sequence < this.mark.sequence || cursor.hasLaterThan(ordinal);
    if (acknowledged) throw new Stop('lost', `The journal is damaged after event ${this.sequence} (${reason}), and what stood there was acknowledged: the node must come back as a new member.`);
    this.counts.cut++;
    const length = cursor.before;
    if (ordinal === this.ordinal + 1 && first === this.sequence + 1) this.drop(first);
    else {
      this.repairs.push({ kind: 'truncate', file: segmentFile(first), length });
      this.tail = undefined;
    }
  }

  /** A last segment without an intact batch is begun anew. */
  private drop(first: number): void {
    this.repairs.push({ kind: 'remove', file: segmentFile(first) });
    this.segments.pop();
  }

  // -- the end -------------------------------------------------------------------------------------------------------------

  private checkEnd(): void {
    if (this.options.until < Number.MAX_SAFE_INTEGER) return;
    if (this.sequence === 0 && !this.mark.known) throw new Stop('damaged', 'The watermark is damaged and the journal is empty: the node must come back as a new member.');
    if (this.sequence < this.mark.sequence) throw new Stop('lost', `Events up to ${this.mark.sequence} were acknowledged, and the journal ends with event ${this.sequence}: the node must come back as a new member.`);
    const seal = this.seal?.at;
    if (seal === undefined) return;
    if (this.sequence < seal.sequence) throw new Stop('lost', `The journal was sealed after event ${seal.sequence} and ends with event ${this.sequence}: the node must come back as a new member.`);
    if (this.sequence === seal.sequence && (seal.high !== this.kernel.digestHigh || seal.low !== this.kernel.digestLow))
      throw new Stop('diverged', `The journal was sealed with another state than event ${seal.sequence} gives.`, seal.sequence, seal.sequence);
  }

  private settleRepairs(): void {
    // What was read may never have been synced: a process that dies leaves its last batch to the operating system.
    if (this.tail !== undefined) this.repairs.push({ kind: 'append', file: this.tail, chunk: NOTHING, sync: true });
    if (this.sealPresent) this.repairs.push({ kind: 'remove', file: SEAL_FILE });
  }
}

function otherVersion(theirs: string, ours: string): Stop {
  return new Stop('version', `This data directory was written by kernel ${theirs} and not sealed, and this is kernel ${ours}: start kernel ${theirs} once more and stop it cleanly, which seals it.`);
}

/** Why a batch cannot stand after `expected` and `link`. */
function outOfPlace(batch: BatchChunk, expected: Place, link: Link): string | undefined {
  if (batch.ordinal !== expected.ordinal + 1) return `batch ${batch.ordinal} stands where batch ${expected.ordinal + 1} belongs`;
  if (batch.first !== expected.sequence + 1) return `event ${batch.first} stands where event ${expected.sequence + 1} belongs`;
  return batch.follows(link) ? undefined : 'the batch follows another one than stands before it';
}

/** The numbers in the names that `of` knows, in order. */
function numbered(files: readonly string[], of: (file: string) => number | undefined): number[] {
  const found: number[] = [];
  for (const file of files) {
    const number = of(file);
    if (number !== undefined) found.push(number);
  }
  return found.sort((a, b) => a - b);
}

const bytesOf = (chunks: readonly Chunk[] | undefined): Uint8Array => (chunks === undefined || chunks.length === 0 ? new Uint8Array(0) : concat(chunks.map((chunk) => chunk.bytes())));
