// One collected journal, read step by step: each event with what it caused, as the kernel that refolds it says, and the digest
// afterwards, which the journal confirms at the end of every batch. Every snapshot that lies beside the journal is compared with
// the state that the events before it give. No more than a slice is in memory at any time.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SNAPSHOT_MAGIC, segmentOf, snapshotFile, snapshotOf, unwrapFile } from '../../io/journal-format.ts';
import { readJournal, type Reading, type Refolded, type Refusal } from '../../io/journal-reading.ts';
import { snapshotCodec } from '../../io/journal-records.ts';
import type { DiskResult } from '../../io/ports.ts';
import { encode } from '../../kernel/base/codec.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Effect } from '../../kernel/effect.ts';
import type { Event } from '../../kernel/event.ts';
import { kernelImageCodec } from '../../kernel/image.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { answerFrom, filesOf, refoldDirectory } from '../data-directory.ts';

export interface Step {
  readonly event: Event;
  readonly effects: readonly Effect[];
  readonly high: number;
  readonly low: number;
  readonly incarnation: number;
}

const SLICE_EVENTS = 1_024;

export class CollectedJournal {
  readonly directory: string;
  readonly node: NodeId;
  /** The state after the event before the first step; undefined if the journal begins with its first event. */
  readonly base: Kernel | undefined;
  /** What the reading came to, once it has ended. */
  ended: Refolded | Refusal | undefined;
  /** Snapshots that are what the journal says, and the first that is not. */
  snapshotsCompared = 0;
  wrongSnapshot: number | undefined;
  /** The last step that was taken. */
  place: number;
  private readonly reading: Reading;
  private readonly snapshots: ReadonlySet<number>;
  private steps: Step[] = [];
  private next = 0;
  private incarnation: number;
  private wanted: DiskResult | undefined;

  constructor(directory: string, node: NodeId) {
    this.directory = directory;
    this.node = node;
    this.snapshots = new Set(filesOf(directory).map(snapshotOf).filter((sequence) => sequence !== undefined));
    const begins = beginning(directory);
    this.base = begins?.kernel;
    this.incarnation = begins?.incarnation ?? 0;
    this.place = this.base?.sequence ?? 0;
    this.reading = readJournal({ writing: {}, lock: false, fromBoot: true, until: Number.MAX_SAFE_INTEGER, sliceEvents: SLICE_EVENTS, seen: (event, effects, kernel) => this.seen(event, effects, kernel) });
  }

  /** The step that `take` will return; undefined at the end. */
  peek(): Step | undefined {
    while (this.next >= this.steps.length && this.ended === undefined) this.read();
    return this.steps[this.next];
  }

  take(): Step {
    const step = this.peek() as Step;
    this.next++;
    this.place = step.event.sequence;
    return step;
  }

  private read(): void {
    this.steps = [];
    this.next = 0;
    const step = this.reading.next(this.wanted);
    this.wanted = undefined;
    if (step.done === true) this.ended = step.value;
    else if (step.value !== undefined) this.wanted = answerFrom(this.directory, step.value);
  }

  private seen(event: Event, effects: readonly Effect[], kernel: Kernel): void {
    if (event.cause.kind === 'recovered') this.incarnation = event.cause.incarnation;
    this.steps.push({ event, effects, high: kernel.digestHigh, low: kernel.digestLow, incarnation: this.incarnation });
    if (this.snapshots.has(event.sequence)) this.compare(event.sequence, kernel);
  }

  /** A snapshot that is damaged is passed over, as a start passes it over; one that is intact must hold this very state. */
  private compare(sequence: number, kernel: Kernel): void {
    const found = unwrapFile(SNAPSHOT_MAGIC, snapshotCodec, readFileSync(join(this.directory, snapshotFile(sequence))));
    if (!found.ok) return;
    const same = Buffer.compare(encode(kernelImageCodec, found.value.image), encode(kernelImageCodec, kernel.image())) === 0;
    if (same) this.snapshotsCompared++;
    else this.wrongSnapshot ??= sequence;
  }
}

/** The state with which a journal begins that was compacted: of its oldest snapshot that is intact. */
function beginning(directory: string): Refolded | undefined {
  const files = filesOf(directory);
  if (files.some((file) => segmentOf(file) === 1)) return undefined;
  for (const sequence of files.map(snapshotOf)) {
    if (sequence === undefined) continue;
    const read = refoldDirectory(directory, { writing: {}, fromBoot: true, until: sequence });
    if (read.kind === 'refolded') return read;
  }
  return undefined;
}
