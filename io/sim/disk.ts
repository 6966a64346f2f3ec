// A simulated data directory. Requests complete one after the other; what was appended is at risk until a sync completes. A
// crash keeps, loses or tears what is at risk; rot flips bits of what was durable. Content stays a list of the very chunks
// that were appended; bytes are made only where a fault cuts into them.

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

export class SimDisk implements Disk {
  readonly node: number;
  syncs = 0;
  bytesWritten = 0;
  /** Extra time of every sync while the disk is slow: uniform up to this. */
  stallUs: Micros = 0;
  stalls = 0;
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
    return this.perform(request);
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
        this.files.set(request.file, { chunks: [request.chunk], durable: 1 });
        return DONE;
      case 'truncate':
        return this.truncate(request.file, request.length);
      case 'remove':
        return this.files.delete(request.file) ? DONE : missing(request.file);
      case 'read': {
        const file = this.files.get(request.file);
        return file === undefined ? missing(request.file) : { kind: 'content', chunks: file.chunks.slice() };
      }
      case 'list':
        return { kind: 'files', files: this.names() };
      case 'lock':
        if (this.locked) return { kind: 'failed', reason: 'locked', detail: 'another process holds the data directory' };
        this.locked = true;
        return DONE;
    }
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

  /** Cuts what is at risk at a drawn chunk; torn: through the middle of its bytes, with rubbish after it once in four times. */
  private cut(file: SimFile, torn: boolean): boolean {
    const kept = file.durable + this.faultRandom.below(file.chunks.length - file.durable);
    const damaged = file.chunks[kept] as Chunk;
    file.chunks.length = kept;
    if (!torn) return true;
    const bytes = damaged.bytes();
    const whole = this.faultRandom.below(bytes.length);
    const rubbish = this.faultRandom.below(4) === 0 ? 1 + this.faultRandom.below(64) : 0;
    const left = new Uint8Array(whole + rubbish);
    left.set(bytes.subarray(0, whole));
    for (let i = 0; i < rubbish; i++) left[whole + i] = this.faultRandom.below(256);
    if (left.length > 0) file.chunks.push(new RawChunk(left));
    return true;
  }

  /** Flips one bit of the file that was appended to last, no later than the last chunk that `lay`. False if none did. */
  rot(lay: (chunk: Chunk) => boolean): boolean {
    const file = this.files.get(this.lastAppended);
    const span = file === undefined ? 0 : file.chunks.findLastIndex((chunk, place) => place < file.durable && lay(chunk)) + 1;
    if (file === undefined || span === 0) return false;
    // Half of the time near the end: what is older than the last snapshot is not needed any more.
    const near = this.faultRandom.below(2) === 0 ? Math.min(span, LATE_CHUNKS) : span;
    const place = span - 1 - this.faultRandom.below(near);
    const bytes = (file.chunks[place] as Chunk).bytes().slice();
    const byte = this.faultRandom.below(bytes.length);
    bytes[byte] = (bytes[byte] as number) ^ (1 << this.faultRandom.below(8));
    file.chunks[place] = new RawChunk(bytes);
    return true;
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
    for (const [name, chunks] of copy) this.files.set(name, { chunks: chunks.slice(), durable: chunks.length });
  }

  /** Somebody put an empty disk in the place of this one while the process was down. */
  replace(): void {
    assert(this.pending.count === 0, 'a disk is replaced while the process is down');
    this.files = new Map();
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
