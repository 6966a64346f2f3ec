// What a leader knows of one voter's log, and how it sends to it (etcd's three modes). Probe: one append at a time, until the
// place where the logs agree is known. Replicate: optimistic, up to `maxInFlight` unanswered appends. Snapshot: the entries
// it needs are compacted, so it gets a snapshot in chunks.

import { dropFirst } from '../base/queues.ts';
import type { Micros } from '../base/time.ts';

export type Mode = 'probe' | 'replicate' | 'snapshot';
export const MODES: readonly Mode[] = ['probe', 'replicate', 'snapshot'];

export interface ProgressImage {
  readonly match: number;
  readonly next: number;
  readonly mode: Mode;
  readonly waiting: boolean;
  readonly inFlight: readonly number[];
  readonly sentAt: Micros;
  readonly heardAt: Micros;
  readonly round: number;
  readonly snapshotIndex: number;
  readonly offset: number;
  readonly sentTo: number;
  readonly wanted: boolean;
}

export class Progress {
  /** The highest index at which the logs are known to agree. Within a term it only grows. */
  match = 0;
  /** The next index to send. */
  next: number;
  mode: Mode = 'probe';
  /** A probe or a chunk is under way. */
  waiting = false;
  /** The last index of each unanswered append, ascending. At most `maxInFlight`. */
  inFlight: number[] = [];
  sentAt: Micros;
  heardAt: Micros;
  /** The latest confirmation round it took part in. */
  round = 0;
  /** Which snapshot it is getting, and what of it comes next; where the last chunk ended that was sent; whether the next is awaited from the store. */
  snapshotIndex = 0;
  offset = 0;
  sentTo = 0;
  wanted = false;

  constructor(next: number, at: Micros) {
    this.next = next;
    this.sentAt = at;
    this.heardAt = at;
  }

  /** The logs agree up to `index`. An answer that came late or twice changes nothing. */
  agreed(index: number): void {
    if (index > this.match) this.match = index;
    const inFlight = this.inFlight;
    let count = 0;
    while (count < inFlight.length && (inFlight[count] as number) <= index) count++;
    if (count > 0) dropFirst(inFlight, count);
  }

  /** Goes on optimistically after everything that is known to agree. */
  replicate(): void {
    this.mode = 'replicate';
    this.waiting = false;
    this.inFlight.length = 0;
    this.next = this.match + 1;
  }

  /** Looks for the place where the logs agree, from `next` backwards. */
  probe(next: number): void {
    this.mode = 'probe';
    this.waiting = false;
    this.inFlight.length = 0;
    this.next = next;
  }

  /** Starts a transfer of the snapshot at `index`; one that is under way goes on. */
  transfer(index: number): void {
    if (this.mode === 'snapshot' && this.snapshotIndex === index) return;
    this.mode = 'snapshot';
    this.waiting = false;
    this.inFlight.length = 0;
    this.snapshotIndex = index;
    this.begin();
  }

  /** From the first chunk on. */
  begin(): void {
    this.offset = 0;
    this.sentTo = 0;
    this.wanted = false;
  }

  image(): ProgressImage {
    return {
      match: this.match, next: this.next, mode: this.mode, waiting: this.waiting, inFlight: this.inFlight.slice(), sentAt: this.sentAt, heardAt: this.heardAt,
      round: this.round, snapshotIndex: this.snapshotIndex, offset: this.offset, sentTo: this.sentTo, wanted: this.wanted,
    };
  }

  static restore(image: ProgressImage): Progress {
    const progress = new Progress(image.next, image.sentAt);
    progress.match = image.match;
    progress.mode = image.mode;
    progress.waiting = image.waiting;
    progress.inFlight = image.inFlight.slice();
    progress.heardAt = image.heardAt;
    progress.round = image.round;
    progress.snapshotIndex = image.snapshotIndex;
    progress.offset = image.offset;
    progress.sentTo = image.sentTo;
    progress.wanted = image.wanted;
    return progress;
  }
}
