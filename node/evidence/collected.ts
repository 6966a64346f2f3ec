// The journals of several live nodes as one story: every event of each of them, with the effects that it had, in an order in
// which nothing is heard before it was said. Nodes tell no common time; what one heard from another names the place in that
// one's journal, and where nothing does, the calendar decides. Read as a stream: a slice of each journal is in memory.

import type { Effect } from '../../kernel/effect.ts';
import type { Event } from '../../kernel/event.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import { readJournal, type Reading, type Refolded, type Refusal } from '../../io/journal-reading.ts';
import { answerFrom } from '../data-directory.ts';

/** One event of one node, refolded. */
export interface CollectedEvent {
  readonly node: NodeId;
  readonly event: Event;
  readonly effects: readonly Effect[];
  /** Of the life in which it was journalled. */
  readonly incarnation: number;
  /** The kernel's digest after it. */
  readonly high: number;
  readonly low: number;
}

/** Somebody heard what the journal of who said it does not hold. */
export interface Missing {
  readonly node: NodeId;
  readonly event: number;
  readonly from: NodeId;
  /** The place in the journal of `from`, and where that journal ends. */
  readonly sent: number;
  readonly last: number;
}

const SLICE_EVENTS = 1_024;

/** One journal, read slice by slice. */
class Source {
  readonly directory: string;
  readonly batches: () => number;
  node: NodeId = 0 as NodeId;
  parameters: Parameters | undefined;
  /** The last event that was taken out. */
  taken = 0;
  end: Refolded | Refusal | undefined;
  private readonly reading: Reading;
  private readonly waiting: CollectedEvent[] = [];
  private next = 0;
  private incarnation = 0;

  constructor(directory: string) {
    this.directory = directory;
    this.reading = readJournal({
      writing: {}, lock: false, fromBoot: true, until: Number.MAX_SAFE_INTEGER, sliceEvents: SLICE_EVENTS,
      seen: (event, effects, kernel) => {
        if (event.cause.kind === 'boot') this.parameters = event.cause.parameters;
        if (event.cause.kind === 'recovered') this.incarnation = event.cause.incarnation;
        this.node = kernel.self;
        this.waiting.push({ node: kernel.self, event, effects, incarnation: this.incarnation, high: kernel.digestHigh, low: kernel.digestLow });
      },
    });
    this.batches = () => (this.end?.kind === 'refolded' ? this.end.counts.batches : 0);
  }

  get head(): CollectedEvent | undefined {
    while (this.next >= this.waiting.length && this.end === undefined) this.read();
    return this.waiting[this.next];
  }

  private read(): void {
    this.waiting.length = 0;
    this.next = 0;
    let step = this.reading.next();
    while (step.done !== true && step.value !== undefined) step = this.reading.next(answerFrom(this.directory, step.value));
    if (step.done === true) this.end = step.value;
  }

  take(): CollectedEvent {
    const event = this.waiting[this.next++] as CollectedEvent;
    this.taken = event.event.sequence;
    return event;
  }
}

export interface JournalEnd {
  readonly directory: string;
  readonly node: NodeId;
  readonly events: number;
  /** Batches whose digest was compared. */
  readonly batches: number;
  readonly end: Refolded | Refusal;
}

export class CollectedJournals {
  readonly missing: Missing[] = [];
  private readonly sources: readonly Source[];

  constructor(directories: readonly string[]) {
    this.sources = directories.map((directory) => new Source(directory));
  }

  /** What the nodes of this network agreed on; undefined if no journal holds its first event any more. */
  get parameters(): Parameters | undefined {
    for (const source of this.sources) if (source.head !== undefined && source.parameters !== undefined) return source.parameters;
    return undefined;
  }

  /** Every event there is, once. */
  *events(): Generator<CollectedEvent, void, undefined> {
    for (let source = this.earliest(); source !== undefined; source = this.earliest()) yield source.take();
  }

  /** How each journal ended. Known once all events were taken. */
  ends(): JournalEnd[] {
    return this.sources.map((source) => ({ directory: source.directory, node: source.node, events: source.taken, batches: source.batches(), end: source.end as Refolded | Refusal }));
  }

  private earliest(): Source | undefined {
    let best: Source | undefined;
    let stuck: Source | undefined;
    for (const source of this.sources) {
      const head = source.head;
      if (head === undefined) continue;
      if (!this.wasSaid(head)) {
        if (stuck === undefined || head.event.wall < (stuck.head as CollectedEvent).event.wall) stuck = source;
      } else if (best === undefined || head.event.wall < (best.head as CollectedEvent).event.wall) best = source;
    }
    if (best !== undefined || stuck === undefined) return best;
    this.note(stuck.head as CollectedEvent);
    return stuck;
  }

  /** Whether what caused the event stands in the journal of who said it, before the place that is reached there. */
  private wasSaid({ event }: CollectedEvent): boolean {
    if (event.cause.kind !== 'message') return true;
    const { from, sent } = event.cause;
    const sayer = this.sources.find((source) => source.head !== undefined || source.taken > 0 ? source.node === from : false);
    return sayer === undefined || sayer.taken >= sent;
  }

  private note({ node, event }: CollectedEvent): void {
    if (event.cause.kind !== 'message') return;
    const { from, sent } = event.cause;
    const last = this.sources.find((source) => source.node === from)?.taken ?? 0;
    if (this.missing.length < 64) this.missing.push({ node, event: event.sequence, from, sent, last });
  }
}
