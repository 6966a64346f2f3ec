// The journals of several live nodes as one story: every event of each of them, with the effects that it had, in an order in
// which nothing is heard before it was said. Nodes tell no common time; what one heard from another names the place in that
// one's journal, and where nothing does, the calendar decides. Read as a stream: a slice of each journal is in memory.

import type { NodeId } from '../../kernel/base/ids.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Refolded, Refusal } from '../../io/journal-reading.ts';
import { CollectedJournal, type Step } from '../audit/collected-journal.ts';
import { Complaint } from '../complaint.ts';
import { writerOf } from '../data-directory.ts';

/** One event of one node, refolded. */
export interface CollectedEvent extends Step {
  readonly node: NodeId;
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

export interface JournalEnd {
  readonly directory: string;
  readonly node: NodeId;
  readonly events: number;
  /** Batches and snapshots whose digest or state was compared; and the first snapshot that is not what the journal says. */
  readonly compared: number;
  readonly wrongSnapshot: number | undefined;
  readonly end: Refolded | Refusal;
}

const MOST_MISSING = 64;

export class CollectedJournals {
  readonly missing: Missing[] = [];
  private readonly journals: readonly CollectedJournal[];
  private readonly byNode: readonly (CollectedJournal | undefined)[];
  private readonly taken: Map<NodeId, number> = new Map();

  constructor(directories: readonly string[]) {
    this.journals = directories.map((directory) => {
      const node = writerOf(directory)?.self;
      if (node === undefined) throw new Complaint(`the newest segment in "${directory}" does not say whose journal it is`);
      return new CollectedJournal(directory, node);
    });
    const byNode: (CollectedJournal | undefined)[] = [];
    for (const journal of this.journals) byNode[journal.node] = journal;
    this.byNode = byNode;
  }

  /** Journals that were compacted, and the states with which they begin. */
  bases(): { readonly node: NodeId; readonly kernel: Kernel }[] {
    return this.journals.flatMap(({ node, base }) => (base === undefined ? [] : [{ node, kernel: base }]));
  }

  /** Every event there is, once. */
  *events(): Generator<CollectedEvent, void, undefined> {
    for (let journal = this.earliest(); journal !== undefined; journal = this.earliest()) {
      const { node } = journal;
      this.taken.set(node, (this.taken.get(node) ?? 0) + 1);
      yield { node, ...journal.take() };
    }
  }

  /** How each journal ended. Known once all events were taken. */
  ends(): JournalEnd[] {
    return this.journals.map(({ directory, node, ended, snapshotsCompared, wrongSnapshot }) => ({
      directory, node, events: this.taken.get(node) ?? 0, compared: snapshotsCompared + (ended?.kind === 'refolded' ? ended.counts.batches : 0), wrongSnapshot, end: ended as Refolded | Refusal,
    }));
  }

  private earliest(): CollectedJournal | undefined {
    let best: CollectedJournal | undefined;
    let stuck: CollectedJournal | undefined;
    for (const journal of this.journals) {
      const step = journal.peek();
      if (step === undefined) continue;
      if (!this.wasSaid(step)) {
        if (stuck === undefined || step.event.wall < (stuck.peek() as Step).event.wall) stuck = journal;
      } else if (best === undefined || step.event.wall < (best.peek() as Step).event.wall) best = journal;
    }
    if (best !== undefined || stuck === undefined) return best;
    this.note(stuck);
    return stuck;
  }

  /** Whether what caused the event stands in the journal of who said it, before the place that is reached there. */
  private wasSaid({ event }: Step): boolean {
    if (event.cause.kind !== 'message') return true;
    const { from, sent } = event.cause;
    const sayer = this.byNode[from];
    return sayer === undefined || sayer.place >= sent;
  }

  private note(journal: CollectedJournal): void {
    const { event } = journal.peek() as Step;
    if (event.cause.kind !== 'message' || this.missing.length >= MOST_MISSING) return;
    const { from, sent } = event.cause;
    this.missing.push({ node: journal.node, event: event.sequence, from, sent, last: this.byNode[from]?.place ?? 0 });
  }
}
