// What became durable on each node: how far, when each recent event was stamped, and the events themselves, sorted once by
// their cause for the properties that want only some of them.

import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Cause, Event } from '../kernel/event.ts';

/** Stamps remembered per node; a power of two, and more than a node writes while a batch waits for its disk. */
const WINDOW = 2048;
const MASK: number = WINDOW - 1;

type CauseOf<K extends Cause['kind']> = Extract<Cause, { kind: K }>;

export interface JournalReader {
  heard?(node: NodeId, cause: CauseOf<'message'>, now: Micros): void;
  asked?(node: NodeId, cause: CauseOf<'request'>): void;
  recovered?(node: NodeId, event: Event, cause: CauseOf<'recovered'>, now: Micros): void;
  published?(node: NodeId, event: Event, cause: CauseOf<'publish'>): void;
  outcome?(node: NodeId, cause: CauseOf<'outcome'>): void;
  parentHead?(node: NodeId, cause: CauseOf<'parentHead'>): void;
  /** The event does not follow the one before it in the journal: by its sequence, or by its time. */
  disordered?(node: NodeId, event: Event, expected: number, lastAt: Micros, now: Micros): void;
}

export interface NodeJournal {
  /** Everything up to here is on disk. */
  durable: number;
  lastAt: Micros;
  readonly at: Float64Array;
}

export class Journals {
  /** Durable events seen so far, over all nodes. */
  events = 0;
  private readonly nodes: readonly NodeJournal[];
  private readonly readers: JournalReader[] = [];
  /** Those that want messages, and requests: most events are either. */
  private readonly hearers: Required<Pick<JournalReader, 'heard'>>[] = [];
  private readonly askers: Required<Pick<JournalReader, 'asked'>>[] = [];

  constructor(nodes: number) {
    this.nodes = Array.from({ length: nodes + 1 }, () => ({ durable: 0, lastAt: 0, at: new Float64Array(WINDOW) }));
  }

  read(reader: JournalReader): void {
    this.readers.push(reader);
    if (reader.heard !== undefined) this.hearers.push(reader as Required<Pick<JournalReader, 'heard'>>);
    if (reader.asked !== undefined) this.askers.push(reader as Required<Pick<JournalReader, 'asked'>>);
  }

  durable(node: NodeId): number {
    return (this.nodes[node] as NodeJournal).durable;
  }

  /** When the event at `sequence` was stamped; -1 if that is not remembered. */
  stampOf(node: NodeId, sequence: number): Micros {
    const journal = this.nodes[node] as NodeJournal;
    return sequence > 0 && sequence <= journal.durable && sequence > journal.durable - WINDOW ? (journal.at[sequence & MASK] as number) : -1;
  }

  batch(node: NodeId, events: readonly Event[], now: Micros): void {
    const journal = this.nodes[node] as NodeJournal;
    for (let k = 0; k < events.length; k++) {
      const event = events[k] as Event;
      if (event.sequence !== journal.durable + 1 || event.at < journal.lastAt) this.disordered(node, journal, event, now);
      journal.durable = event.sequence;
      journal.lastAt = event.at;
      journal.at[event.sequence & MASK] = event.at;
      const cause = event.cause;
      if (cause.kind === 'message') this.hear(node, cause, now);
      else if (cause.kind !== 'deadline') this.sort(node, event, now);
    }
    this.events += events.length;
  }

  /** Beats that came together are heard one by one. */
  private hear(node: NodeId, cause: CauseOf<'message'>, now: Micros): void {
    if (cause.message.kind === 'beats') for (const message of cause.message.beats) this.hear(node, { ...cause, message }, now);
    else for (let h = 0; h < this.hearers.length; h++) this.hearers[h]?.heard(node, cause, now);
  }

  /** A restart may find a tail that nobody saw complete, or (after damage) less than was durable. */
  refolded(node: NodeId, sequence: number): void {
    const journal = this.nodes[node] as NodeJournal;
    if (sequence < journal.durable) journal.lastAt = Math.max(0, this.stampOf(node, sequence));
    journal.durable = sequence;
  }

  private sort(node: NodeId, event: Event, now: Micros): void {
    const cause = event.cause;
    const readers = this.readers;
    switch (cause.kind) {
      case 'request':
        for (let k = 0; k < this.askers.length; k++) this.askers[k]?.asked(node, cause);
        return;
      case 'recovered':
        for (let k = 0; k < readers.length; k++) readers[k]?.recovered?.(node, event, cause, now);
        return;
      case 'outcome':
        for (let k = 0; k < readers.length; k++) readers[k]?.outcome?.(node, cause);
        return;
      case 'parentHead':
        for (let k = 0; k < readers.length; k++) readers[k]?.parentHead?.(node, cause);
        return;
      case 'publish':
        for (let k = 0; k < readers.length; k++) readers[k]?.published?.(node, event, cause);
        return;
      case 'boot':
      case 'message':
      case 'deadline':
        return;
    }
  }

  private disordered(node: NodeId, journal: NodeJournal, event: Event, now: Micros): void {
    for (const reader of this.readers) reader.disordered?.(node, event, journal.durable + 1, journal.lastAt, now);
  }
}
