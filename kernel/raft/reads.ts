// Linearizable reads by read index (6.4). A read is answered once the leader has proved, by a round of messages that began
// after the read arrived, that nobody had replaced it, and its state machine has applied what was committed by then. Reads
// that arrive while a round is under way share the next one. Bounded by `maxPendingReads`.

import type { NeedId, NodeId } from '../base/ids.ts';

export interface PendingRead {
  readonly from: NodeId;
  readonly token: number;
  readonly need: NeedId;
  /** It is answered from a state that has applied at least this index, after this round is confirmed. */
  readonly index: number;
  readonly round: number;
}

export class Reads {
  /** The latest round that was begun, and the latest that a majority answered. */
  round = 0;
  confirmed = 0;
  /** In order of arrival; rounds and indices ascend with it. */
  private queue: PendingRead[] = [];

  get pending(): readonly PendingRead[] {
    return this.queue;
  }

  isPending(from: NodeId, token: number): boolean {
    for (const read of this.queue) if (read.token === token && read.from === from) return true;
    return false;
  }

  /** True if a new round has to begin for it now; otherwise it waits for the one after the round under way. */
  add(from: NodeId, token: number, need: NeedId, index: number): boolean {
    const begins = this.confirmed === this.round;
    this.queue.push({ from, token, need, index, round: this.round + 1 });
    return begins;
  }

  /** Does a read wait for a round that has not begun, while none is under way? */
  get wantsRound(): boolean {
    const last = this.queue[this.queue.length - 1];
    return last !== undefined && last.round > this.round && this.confirmed === this.round;
  }

  /** Takes out the reads that may be answered now. */
  ready(applied: number): readonly PendingRead[] {
    let count = 0;
    for (const read of this.queue) {
      if (read.round > this.confirmed || read.index > applied) break;
      count++;
    }
    return this.queue.splice(0, count);
  }

  /** Takes out all, answered or not: there is no leader here any more, or a new one. */
  clear(): readonly PendingRead[] {
    const lost = this.queue;
    this.queue = [];
    this.round = 0;
    this.confirmed = 0;
    return lost;
  }

  restore(round: number, confirmed: number, queue: readonly PendingRead[]): void {
    this.round = round;
    this.confirmed = confirmed;
    this.queue = queue.slice();
  }
}
