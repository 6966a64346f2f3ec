// P2. After every restart the refolded state has the digest that was durable at that place before the crash, and nothing that
// was durable is missing. An older copy that somebody put back looks whole, so a node may start from it (its peers refuse it);
// but one that can notice what it lost (bits that rotted, an end that is missing) must not start from what is left. A shadow that folds
// one node's journal from `boot` agrees with it at every batch.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import { digestText } from '../kernel/base/digest.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import { NEVER, type Micros } from '../kernel/base/time.ts';
import type { Event } from '../kernel/event.ts';
import { Verdicts } from './verdict.ts';

/** Batches remembered per node, with the digest after each. */
const BATCHES = 64;

class NodeDigests {
  readonly sequence: Float64Array = new Float64Array(BATCHES);
  readonly high: Int32Array = new Int32Array(BATCHES);
  readonly low: Int32Array = new Int32Array(BATCHES);
  next = 0;
  durable = 0;
  /** When a fault last damaged what was durable; NEVER if it did not since the last start. */
  damagedAt: Micros = NEVER;
  rotten = false;

  remember(sequence: number, high: number, low: number): void {
    const slot = this.next++ % BATCHES;
    this.sequence[slot] = sequence;
    this.high[slot] = high;
    this.low[slot] = low;
    this.durable = sequence;
  }

  /** What was remembered beyond is not the node's past any more. */
  cutTo(sequence: number): void {
    for (let slot = 0; slot < BATCHES; slot++) if ((this.sequence[slot] as number) > sequence) this.sequence[slot] = 0;
    this.durable = sequence;
  }
}

class DeterministicReplay extends Verdicts {
  private readonly nodes: readonly NodeDigests[];

  constructor(run: RunView) {
    super('P2', run);
    this.nodes = Array.from({ length: run.parameters.nodes + 1 }, () => new NodeDigests());
  }

  durable(node: NodeId, events: readonly Event[], high: number, low: number): void {
    if (events.length > 0) (this.nodes[node] as NodeDigests).remember((events[events.length - 1] as Event).sequence, high | 0, low | 0);
  }

  damaged(node: NodeId, now: Micros, noticeable: boolean): void {
    const known = this.nodes[node] as NodeDigests;
    known.damagedAt = now;
    known.rotten = noticeable;
  }

  refolded(node: NodeId, sequence: number, high: number, low: number, now: Micros): void {
    const known = this.nodes[node] as NodeDigests;
    if (sequence < known.durable && (known.damagedAt === NEVER || known.rotten)) {
      const why = known.rotten ? ['what it had acknowledged was damaged on its disk: it must refuse to start'] : [];
      return this.violated(now, [node], `a restart came back at journal place ${sequence}, though ${known.durable} was durable before the crash`, why, sequence);
    }
    const slot = sequence === 0 ? -1 : known.sequence.indexOf(sequence);
    if (slot >= 0) {
      this.checks++;
      if (known.high[slot] !== (high | 0) || known.low[slot] !== (low | 0)) this.differs(node, sequence, digestText(known.high[slot] as number, known.low[slot] as number), digestText(high, low), now);
    }
    known.cutTo(sequence);
    known.damagedAt = NEVER;
    known.rotten = false;
  }

  shadowed(node: NodeId, sequence: number, same: boolean, now: Micros): void {
    this.checks++;
    if (!same) this.violated(now, [node], `the journal folded from boot disagrees with the node that wrote it, at place ${sequence}`, [], sequence);
  }

  private differs(node: NodeId, sequence: number, before: string, after: string, now: Micros): void {
    this.violated(now, [node], `refolding the journal up to place ${sequence} gave another state than before the crash`, [
      `digest before the crash ${before}`,
      `digest after refolding  ${after}`,
    ], sequence);
  }
}

export const deterministicReplay: Property = {
  id: 'P2',
  claim: "Replaying a node's journal gives the same state, byte for byte, and nothing that was durable is missing",
  kind: 'safety',
  scope: 'local',
  watch: (run: RunView): Watch => new DeterministicReplay(run),
};
