// A disk in memory for tests of the journal and the loop: completes when told to, forgets what was not synced when the
// machine crashes, and can be damaged at any byte. It keeps the objects or, if asked, only bytes, as a real disk does.

import { concat } from '../journal-bytes.ts';
import type { Chunk, Disk, DiskRequest, DiskResult } from '../ports.ts';

interface Stored {
  chunks: Chunk[];
  synced: number;
}

export const rawChunk = (bytes: Uint8Array): Chunk => ({ weight: bytes.length, bytes: () => bytes });

export class MemoryDisk implements Disk {
  readonly files: Map<string, Stored> = new Map();
  readonly keepsBytes: boolean;
  /** Answers the next request of this kind with a failure. */
  failNext: { kind: DiskRequest['kind']; reason: 'full' | 'io' } | undefined;
  deliver: (token: number, result: DiskResult) => void = () => {};
  private queue: { token: number; request: DiskRequest }[] = [];

  constructor(keepsBytes: boolean) {
    this.keepsBytes = keepsBytes;
  }

  submit(token: number, request: DiskRequest): void {
    this.queue.push({ token, request });
  }

  get pending(): number {
    return this.queue.length;
  }

  /** Performs and completes the oldest request. */
  complete(): void {
    const next = this.queue.shift();
    if (next !== undefined) this.deliver(next.token, this.perform(next.request));
  }

  /** The machine stops: requests under way vanish, and so does what was not synced. */
  crash(): void {
    this.queue = [];
    for (const [name, file] of this.files) {
      file.chunks.length = file.synced;
      if (file.synced === 0) this.files.delete(name);
    }
  }

  /** Files as bytes, by name. */
  dump(): Map<string, Uint8Array> {
    const out = new Map<string, Uint8Array>();
    for (const [name, file] of this.files) out.set(name, concat([new Uint8Array(0), ...file.chunks.map((chunk) => chunk.bytes())]));
    return out;
  }

  static holding(files: ReadonlyMap<string, Uint8Array>): MemoryDisk {
    const disk = new MemoryDisk(true);
    for (const [name, bytes] of files) disk.files.set(name, { chunks: [rawChunk(bytes)], synced: 1 });
    return disk;
  }

  private perform(request: DiskRequest): DiskResult {
    if (this.failNext?.kind === request.kind) return { kind: 'failed', reason: this.failNext.reason, detail: 'as the test asked' };
    switch (request.kind) {
      case 'lock':
        return { kind: 'done' };
      case 'list':
        return { kind: 'files', files: [...this.files.keys()] };
      case 'read': {
        const file = this.files.get(request.file);
        return file === undefined ? { kind: 'failed', reason: 'missing', detail: request.file } : { kind: 'content', chunks: [...file.chunks] };
      }
      case 'append': {
        const file = this.files.get(request.file) ?? { chunks: [], synced: 0 };
        this.files.set(request.file, file);
        file.chunks.push(this.kept(request.chunk));
        if (request.sync) file.synced = file.chunks.length;
        return { kind: 'done' };
      }
      case 'replace':
        this.files.set(request.file, { chunks: [this.kept(request.chunk)], synced: 1 });
        return { kind: 'done' };
      case 'truncate': {
        const whole = this.dump().get(request.file) ?? new Uint8Array(0);
        this.files.set(request.file, { chunks: [rawChunk(whole.slice(0, request.length))], synced: 1 });
        return { kind: 'done' };
      }
      case 'remove':
        this.files.delete(request.file);
        return { kind: 'done' };
    }
  }

  private kept(chunk: Chunk): Chunk {
    return this.keepsBytes ? rawChunk(chunk.bytes()) : chunk;
  }
}
