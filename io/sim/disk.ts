// A simulated data directory. Requests complete one after the other; what was appended is at risk until a sync completes. A
// crash keeps, loses or tears what is at risk; rot flips bits of what was durable, and a write may land in a wrong place.
// Requests may fail, and reads may return what was there before. Content stays a list of the very chunks that were appended;
// bytes are made only where a fault cuts into them.

import { assert } from '../../kernel/base/assert.ts';
import { Random } from '../../kernel/base/random.ts';
import type { Micros } from '../../kernel/base/time.ts';
import { Ring } from '../loop-inbox.ts';
import type { Chunk, Disk, DiskRequest, DiskResult } from '../ports.ts';

/** Bytes that a fault left behind. */
export class RawChunk implements Chunk {
  private readonly content: Uint8Array;

  constructor(content: Uint8Array) {
    this.content = content;
  }

  get weight(): number {
    return this.content.length;
  }

  bytes(): Uint8Array {
    return this.content;
  }
}

interface SimFile {
  readonly chunks: Chunk[];
  /** The first so many chunks survive every crash. */
  durable: number;
  /** What it held before it was last replaced, if it was. */
  readonly before?: readonly Chunk[] | undefined;
}

/** Reads of a file that return an older version of it, for as long as it lasts. */
interface Outdated {
  readonly file: string;
  readonly chunks: readonly Chunk[];
  readonly served: () => void;
}

export interface DiskWorld {
  readonly now: Micros;
  /** The oldest request under way is done then, for the process that asked: in a later life nobody hears of it. */
  completeAt(at: Micros, node: number, life: number): void;
  at(time: Micros, task: () => void): void;
}

/** What a crash does to what is not durable. */
export type CrashLoss = 'kept' | 'lost' | 'torn';

/** A copy of a directory, as a backup tool makes it. */
export type DirectoryCopy = ReadonlyMap<string, readonly Chunk[]>;

const MAX_PENDING = 4_096;
const READ_US = 60;
const LATE_CHUNKS = 8;
const SUBMIT_US = 2;
const BYTES_PER_US = 500;
const DONE: DiskResult = { kind: 'done' };
const UNREADABLE: DiskResult = { kind: 'failed', reason: 'io', detail: 'input/output error while reading' };
const NOT_SYNCED: DiskResult = { kind: 'failed', reason: 'io', detail: 'input/output error while syncing' };
const NO_ROOM: DiskResult = { kind: 'failed', reason: 'full', detail: 'no space left on device' };

export class SimDisk implements Disk {
  readonly node: number;
  syncs = 0;
  bytesWritten = 0;
  /** Extra time of every sync while the disk is slow: uniform up to this. */
  stallUs: Micros = 0;
  stalls = 0;
  /** While the disk is in trouble: per mille of the reads, and of the syncs, that end in an error. */
  readErrors = 0;
  syncErrors = 0;
  /** How many faults leave no room on it now. */
  fulls = 0;
  /** Requests that failed for each of these reasons. */
  unreadable = 0;
  notSynced = 0;
  noRoom = 0;
  /** Counts the processes that have ended. */
  life = 0;
  /** Of the request that was completed last. */
  token = 0;
  /** Called once, when half of the next sync will have passed: a power failure waits for it. */
  ambush: (() => void) | undefined = undefined;

  private readonly world: DiskWorld;
  private random: Random;
  private faultRandom: Random;
  private readonly syncMinUs: Micros;
  private readonly syncSpanUs: number;
  private files: Map<string, SimFile> = new Map();
  private readonly pending: Ring<DiskRequest> = new Ring(MAX_PENDING);
  private readonly tokens: Ring<number> = new Ring(MAX_PENDING);
  private free: Micros = 0;
  private locked = false;
  private lastAppended = '';
  private outdated: Outdated | undefined = undefined;

  constructor(world: DiskWorld, seed: number, node: number, syncMinUs: Micros, syncMaxUs: Micros) {
    this.world = world;
    this.node = node;
    this.random = Random.of(seed, 'disk', node);
    this.faultRandom = Random.of(seed, 'disk-fault', node);
    this.syncMinUs = syncMinUs;
    this.syncSpanUs = syncMaxUs - syncMinUs + 1;
  }

  reroll(seed: number): void {
    this.random = Random.of(seed, 'disk', this.node);
    this.faultRandom = Random.of(seed, 'disk-fault', this.node);
  }

  submit(token: number, request: DiskRequest): void {
    const start = this.world.now > this.free ? this.world.now : this.free;
    this.free = start + this.duration(request);
    assert(this.pending.push(request) && this.tokens.push(token), 'a process has few requests under way');
    if (this.ambush !== undefined && request.kind === 'append' && request.sync) this.spring(start);
    this.world.completeAt(this.free, this.node, this.life);
  }

  private spring(start: Micros): void {
    const ambush = this.ambush as () => void;
    this.ambush = undefined;
    this.world.at(start + Math.floor((this.free - start) / 2), ambush);
  }

  private duration(request: DiskRequest): Micros {
    switch (request.kind) {
      case 'append':
        this.bytesWritten += request.chunk.weight;
        return Math.ceil(request.chunk.weight / BYTES_PER_US) + (request.sync ? this.syncTime() : SUBMIT_US);
      case 'replace':
        this.bytesWritten += request.chunk.weight;
        return Math.ceil(request.chunk.weight / BYTES_PER_US) + this.syncTime();
      case 'truncate':
      case 'remove':
        return this.syncTime();
      case 'read':
      case 'list':
      case 'lock':
        return READ_US;
    }
  }

  private syncTime(): Micros {
    this.syncs++;
    const time = this.syncMinUs + this.random.below(this.syncSpanUs);
    if (this.stallUs === 0) return time;
    this.stalls++;
    return time + this.faultRandom.below(this.stallUs);
  }

  /** Takes the effect of the oldest request under way, whose token is then `token`. */
  complete(): DiskResult {
    const request = this.pending.take();
    assert(request !== undefined, 'what completes was submitted');
    this.token = this.tokens.take() as number;
    const troubled = this.readErrors > 0 || this.syncErrors > 0 || this.fulls > 0;
    return (troubled ? this.trouble(request) : undefined) ?? this.perform(request);
  }

  /** What a disk in trouble answers; undefined if it does what it was asked. */
  private trouble(request: DiskRequest): DiskResult | undefined {
    switch (request.kind) {
      case 'read':
      case 'list':
        if (!this.strikes(this.readErrors)) return undefined;
        this.unreadable++;
        return UNREADABLE;
      case 'append':
      case 'replace':
        if (this.fulls > 0) return this.refuseFor(request);
        if (request.kind === 'append' && !request.sync) return undefined;
        return this.failSync(request);
      case 'truncate':
      case 'remove':
        return this.failSync(request);
      case 'lock':
        return undefined;
    }
  }

  private strikes(perMille: number): boolean {
    return perMille > 0 && this.faultRandom.below(1_000) < perMille;
  }

  /** Part of what had no room is there all the same. */
  private refuseFor(request: DiskRequest): DiskResult {
    this.noRoom++;
    if (request.kind === 'append' && this.faultRandom.below(2) === 0) {
      const file = this.fileFor(request.file);
      file.chunks.push(request.chunk);
      this.tear(file, file.chunks.length - 1);
    }
    return NO_ROOM;
  }

  /**
   * The operating system says once that it could not write, and forgets: what no sync covered is on the disk, or part of it, or
   * nothing, and the next sync succeeds.
   */
  private failSync(request: DiskRequest): DiskResult | undefined {
    if (!this.strikes(this.syncErrors)) return undefined;
    this.notSynced++;
    if (request.kind === 'append') {
      const file = this.fileFor(request.file);
      file.chunks.push(request.chunk);
      this.lastAppended = request.file;
      const what = this.faultRandom.below(3);
      if (what > 0) this.cut(file, what === 2);
      file.durable = file.chunks.length;
    } else if (this.faultRandom.below(2) === 0) this.perform(request);
    return NOT_SYNCED;
  }

  private perform(request: DiskRequest): DiskResult {
    switch (request.kind) {
      case 'append': {
        const file = this.fileFor(request.file);
        file.chunks.push(request.chunk);
        this.lastAppended = request.file;
        if (request.sync) file.durable = file.chunks.length;
        return DONE;
      }
      case 'replace':
        this.files.set(request.file, { chunks: [request.chunk], durable: 1, before: this.files.get(request.file)?.chunks });
        return DONE;
      case 'truncate':
        return this.truncate(request.file, request.length);
      case 'remove':
        return this.files.delete(request.file) ? DONE : missing(request.file);
      case 'read': {
        const file = this.files.get(request.file);
        if (file === undefined) return missing(request.file);
        if (this.outdated?.file === request.file) return this.readOutdated(this.outdated);
        return { kind: 'content', chunks: file.chunks.slice() };
      }
      case 'list':
        return { kind: 'files', files: this.names() };
      case 'lock':
        if (this.locked) return { kind: 'failed', reason: 'locked', detail: 'another process holds the data directory' };
        this.locked = true;
        return DONE;
    }
  }

  private readOutdated(outdated: Outdated): DiskResult {
    outdated.served();
    return { kind: 'content', chunks: outdated.chunks.slice() };
  }

  private fileFor(name: string): SimFile {
    const found = this.files.get(name);
    if (found !== undefined) return found;
    const made: SimFile = { chunks: [], durable: 0 };
    this.files.set(name, made);
    return made;
  }

  private truncate(name: string, length: number): DiskResult {
    const file = this.files.get(name);
    if (file === undefined) return missing(name);
    const kept: Chunk[] = [];
    let left = length;
    for (const chunk of file.chunks) {
      if (left <= 0) break;
      const bytes = chunk.bytes();
      kept.push(bytes.length <= left ? chunk : new RawChunk(bytes.slice(0, left)));
      left -= bytes.length;
    }
    this.files.set(name, { chunks: kept, durable: kept.length });
    return DONE;
  }

  private names(): string[] {
    return [...this.files.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** The process ends now. True if something that was written is not there any more. */
  crash(loss: CrashLoss): boolean {
    this.life++;
    this.locked = false;
    this.free = this.world.now;
    for (let cut = this.pending.take(); cut !== undefined; cut = this.pending.take()) this.crashDuring(cut, loss);
    while (this.tokens.count > 0) this.tokens.take();
    let changed = false;
    for (const name of this.names()) {
      const file = this.files.get(name) as SimFile;
      if (file.chunks.length > file.durable && loss !== 'kept') changed = this.cut(file, loss === 'torn') || changed;
      file.durable = file.chunks.length;
    }
    return changed;
  }

  /** A request under way may have had its effect or not; appends go to what is at risk. */
  private crashDuring(request: DiskRequest, loss: CrashLoss): void {
    if (request.kind === 'append') {
      this.fileFor(request.file).chunks.push(request.chunk);
    } else if (request.kind === 'replace' || request.kind === 'truncate' || request.kind === 'remove') {
      if (loss === 'kept' || this.faultRandom.below(2) === 0) this.perform(request);
    }
  }

  /** Cuts what is at risk at a drawn chunk; torn: through the middle of its bytes. */
  private cut(file: SimFile, torn: boolean): boolean {
    const kept = file.durable + this.faultRandom.below(file.chunks.length - file.durable);
    if (torn) this.tear(file, kept);
    else file.chunks.length = kept;
    return true;
  }

  /** Of this chunk only a part is left, with rubbish after it once in four times, and of those after it nothing. */
  private tear(file: SimFile, place: number): void {
    const bytes = (file.chunks[place] as Chunk).bytes();
    file.chunks.length = place;
    const whole = this.faultRandom.below(bytes.length);
    const rubbish = this.faultRandom.below(4) === 0 ? 1 + this.faultRandom.below(64) : 0;
    const left = new Uint8Array(whole + rubbish);
    left.set(bytes.subarray(0, whole));
    for (let i = 0; i < rubbish; i++) left[whole + i] = this.faultRandom.below(256);
    if (left.length > 0) file.chunks.push(new RawChunk(left));
  }

  /** Flips one bit of the file that was appended to last, no later than the last chunk that `lay`. False if none did. */
  rot(lay: (chunk: Chunk) => boolean): boolean {
    const hit = this.choose(lay);
    if (hit === undefined) return false;
    const { file, place } = hit;
    const bytes = (file.chunks[place] as Chunk).bytes().slice();
    const byte = this.faultRandom.below(bytes.length);
    bytes[byte] = (bytes[byte] as number) ^ (1 << this.faultRandom.below(8));
    file.chunks[place] = new RawChunk(bytes);
    return true;
  }

  /** A chunk of the file that was appended to last, no later than the last one that `lay`. */
  private choose(lay: (chunk: Chunk) => boolean): { readonly file: SimFile; readonly place: number } | undefined {
    const file = this.files.get(this.lastAppended);
    const span = file === undefined ? 0 : file.chunks.findLastIndex((chunk, place) => place < file.durable && lay(chunk)) + 1;
    if (file === undefined || span === 0) return undefined;
    // Half of the time near the end: what is older than the last snapshot is not needed any more.
    const near = this.faultRandom.below(2) === 0 ? Math.min(span, LATE_CHUNKS) : span;
    return { file, place: span - 1 - this.faultRandom.below(near) };
  }

  /**
   * One write that `lay` turns out to have gone elsewhere, over the beginning of another chunk of the same file or of any other.
   * Where it belongs there are zeros, or in the same file what stands in its place. False if none did.
   */
  misdirect(lay: (chunk: Chunk) => boolean): boolean {
    const hit = this.choose(lay);
    if (hit === undefined) return false;
    const { file, place } = hit;
    const written = file.chunks[place] as Chunk;
    const elsewhere = this.files.get(this.faultRandom.pick(this.names())) as SimFile;
    const target = this.faultRandom.below(elsewhere.chunks.length);
    const swapped = elsewhere === file && target !== place && this.faultRandom.below(2) === 0;
    const there = elsewhere.chunks[target];
    if (swapped && there !== undefined) {
      file.chunks[place] = there;
      file.chunks[target] = written;
      return true;
    }
    const bytes = written.bytes();
    if (there !== undefined && target !== place) elsewhere.chunks[target] = new RawChunk(overlaid(there.bytes(), bytes));
    file.chunks[place] = new RawChunk(new Uint8Array(bytes.length));
    return true;
  }

  /** Reads of the journal will miss its end, from some chunk on that `lay`, and tell when they do. False if none did. */
  outdate(lay: (chunk: Chunk) => boolean, served: () => void): boolean {
    const hit = this.choose(lay);
    if (hit === undefined) return false;
    this.outdated = { file: this.lastAppended, chunks: hit.file.chunks.slice(0, hit.place), served };
    return true;
  }

  /** Reads of a file will return what it held before it was replaced. False if it never was. */
  bringBack(name: string, served: () => void): boolean {
    const before = this.files.get(name)?.before;
    if (before === undefined) return false;
    this.outdated = { file: name, chunks: before, served };
    return true;
  }

  /** Reads return what is there again. */
  refresh(): void {
    this.outdated = undefined;
  }

  /** Everything on the disk, by file name and in order. */
  chunks(): Chunk[] {
    return this.names().flatMap((name) => (this.files.get(name) as SimFile).chunks);
  }

  copy(): DirectoryCopy {
    return new Map(this.names().map((name) => [name, (this.files.get(name) as SimFile).chunks.slice(0, (this.files.get(name) as SimFile).durable)]));
  }

  /** Somebody restored a backup while the process was down. */
  putBack(copy: DirectoryCopy): void {
    assert(this.pending.count === 0, 'a backup is restored while the process is down');
    this.files = new Map();
    this.outdated = undefined;
    for (const [name, chunks] of copy) this.files.set(name, { chunks: chunks.slice(), durable: chunks.length });
  }

  /** Somebody put an empty disk in the place of this one while the process was down. */
  replace(): void {
    assert(this.pending.count === 0, 'a disk is replaced while the process is down');
    this.files = new Map();
    this.outdated = undefined;
  }

  /** The files byte for byte, as a crash now that loses nothing would leave them. */
  dump(): Record<string, Uint8Array> {
    const out: Record<string, Uint8Array> = {};
    for (const name of this.names()) out[name] = concat((this.files.get(name) as SimFile).chunks);
    return out;
  }

  /** How long what is under way will take. */
  get busyUs(): Micros {
    return Math.max(0, this.free - this.world.now);
  }

  /** Requests under way: a process that stops cleanly has none. */
  get idle(): boolean {
    return this.pending.count === 0;
  }
}

function missing(name: string): DiskResult {
  return { kind: 'failed', reason: 'missing', detail: `there is no file ${name}` };
}

/** Of equal length: what is written covers the beginning. */
function overlaid(there: Uint8Array, written: Uint8Array): Uint8Array {
  const bytes = there.slice();
  bytes.set(written.subarray(0, Math.min(written.length, there.length)));
  return bytes;
}

function concat(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.map((chunk) => chunk.bytes());
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    out.set(part, place);
    place += part.length;
  }
  return out;
}
