// A disk that is timed. What it does is the disk's own affair; here is known how long syncs take, how long the one under way
// has been at it, and how many bytes the journal holds.

import type { Disk, DiskRequest, DiskResult } from '../../io/ports.ts';

interface Submitted {
  readonly sinceMs: number;
  readonly sync: boolean;
}

/** The disk behind it, made with the function that takes its completions. */
export type DiskMaker = (completed: (token: number, result: DiskResult) => void) => Disk;

export class MeasuredDisk implements Disk {
  syncs = 0;
  /** Told of every sync, in milliseconds. */
  synced: ((tookMs: number) => void) | undefined;
  /** Told when a durable append is submitted, and when it is done. */
  writing: ((token: number) => void) | undefined;
  written: ((token: number) => void) | undefined;
  /** Bytes by file, as far as this process wrote them or found them. */
  private readonly bytes = new Map<string, number>();
  private readonly underWay = new Map<number, Submitted>();
  private readonly disk: Disk;

  constructor(make: DiskMaker, completed: (token: number, result: DiskResult) => void) {
    this.disk = make((token, result) => {
      this.done(token);
      completed(token, result);
    });
  }

  submit(token: number, request: DiskRequest): void {
    const sync = request.kind === 'append' ? request.sync : request.kind === 'replace' || request.kind === 'truncate';
    this.underWay.set(token, { sinceMs: performance.now(), sync });
    this.weigh(request);
    if (sync && request.kind === 'append') this.writing?.(token);
    this.disk.submit(token, request);
  }

  /** Of the data directory, as it will be when everything under way is done. */
  get size(): number {
    let sum = 0;
    for (const bytes of this.bytes.values()) sum += bytes;
    return sum;
  }

  /** How long the oldest sync has been under way. */
  get waitingMs(): number {
    for (const submitted of this.underWay.values()) if (submitted.sync) return performance.now() - submitted.sinceMs;
    return 0;
  }

  found(file: string, bytes: number): void {
    if (!this.bytes.has(file)) this.bytes.set(file, bytes);
  }

  private weigh(request: DiskRequest): void {
    if (request.kind === 'append') this.bytes.set(request.file, (this.bytes.get(request.file) ?? 0) + request.chunk.weight);
    else if (request.kind === 'replace') this.bytes.set(request.file, request.chunk.weight);
    else if (request.kind === 'truncate') this.bytes.set(request.file, request.length);
    else if (request.kind === 'remove') this.bytes.delete(request.file);
  }

  private done(token: number): void {
    const submitted = this.underWay.get(token);
    if (submitted === undefined) return;
    this.underWay.delete(token);
    if (!submitted.sync) return;
    this.written?.(token);
    this.syncs++;
    this.synced?.(performance.now() - submitted.sinceMs);
  }
}
