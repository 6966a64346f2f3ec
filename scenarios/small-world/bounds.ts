// How small a small world is. Everything that may happen in it is bounded here, or follows from what is; so there are finitely
// many states. Loss, delay, reordering and partitions need no bound: a frame may be delivered at any later time, or never.

export interface Bounds {
  readonly nodes: number;
  /** Terms in which somebody may stand for election. */
  readonly terms: number;
  /** Commands that the client proposes, each once, at whoever leads. */
  readonly entries: number;
  /** Restarts of members from what is durable. */
  readonly crashes: number;
  /** Frames that are delivered and stay under way all the same. */
  readonly duplicates: number;
  /** Ticks of leaders. */
  readonly heartbeats: number;
  /** Linearizable reads, at whoever leads. */
  readonly reads: number;
  /** Entries in one append. */
  readonly batch: number;
  /** Pre-votes travel as frames. Otherwise whoever stands is taken to have got them: they only ever keep somebody from standing. */
  readonly preVotes: boolean;
  /** Answers of terms that are over stay under way, though their receiver ignores them. */
  readonly late: boolean;
  /** States that differ in the names of members only count once. */
  readonly symmetry: boolean;
}

/** The world of "3 nodes, 2 terms, 2 entries, 1 crash, partitions and loss". */
export const DEFAULT_BOUNDS: Bounds = { nodes: 3, terms: 2, entries: 2, crashes: 1, duplicates: 0, heartbeats: 1, reads: 0, batch: 4, preVotes: false, late: false, symmetry: true };

/** What fits into the words that a state is packed into. */
export const LIMITS: { readonly [bound in 'nodes' | 'terms' | 'entries' | 'crashes' | 'duplicates' | 'heartbeats' | 'reads' | 'batch']: readonly [least: number, most: number] } = {
  nodes: [2, 5], terms: [1, 8], entries: [0, 6], crashes: [0, 7], duplicates: [0, 7], heartbeats: [0, 15], reads: [0, 3], batch: [1, 64],
};
