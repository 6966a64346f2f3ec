// After a burst of requests goodput returns. What asks too much at one moment must not leave a network that is busy for ever
// with what nobody waits for any more. Judged are stretches in which no fault is on, some time after a burst, and long after
// any other fault: of what is asked of nodes that are up, nearly all has to be answered, and soon.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import { NEVER, SECOND, type Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import { Verdicts } from './verdict.ts';

/** So long after a burst, whoever was refused has asked again for the last time. */
const AFTER_BURST_US: Micros = 4 * SECOND;
/** Longer than that nobody should have to wait on a quiet network. */
const SOON_US: Micros = 2 * SECOND;
/** With fewer operations a stretch says nothing. */
const LEAST = 50;
/** Of so many operations one may go unanswered. */
const ONE_IN = 20;

class Goodput extends Verdicts {
  private readonly gone: Uint8Array;
  private active = 0;
  /** After the last fault but for bursts, and after the last burst: when a stretch may begin. */
  private calmFrom: Micros = 0;
  private burstOver: Micros = NEVER;
  private readonly open: Set<Invocation> = new Set();
  private answered = 0;
  private unanswered = 0;

  constructor(run: RunView) {
    super('goodput', run);
    this.gone = new Uint8Array(run.parameters.nodes + 1);
  }

  private get from(): Micros {
    return this.active > 0 ? NEVER : Math.max(this.calmFrom, this.burstOver);
  }

  faultBegan(_kind: string, _nodes: readonly NodeId[], now: Micros): void {
    this.close(now);
    this.active++;
  }

  faultEnded(kind: string, _nodes: readonly NodeId[], now: Micros): void {
    this.active--;
    if (kind === 'burst') this.burstOver = now + AFTER_BURST_US;
    else this.calmFrom = now + this.run.livenessBoundUs;
  }

  crashed(node: NodeId): void {
    this.gone[node] = 1;
  }

  stopped(node: NodeId): void {
    this.gone[node] = 1;
  }

  refused(node: NodeId): void {
    this.gone[node] = 1;
  }

  damaged(node: NodeId): void {
    this.gone[node] = 2;
  }

  /** What was damaged may be whole for itself, and no use to anybody. */
  refolded(node: NodeId): void {
    if (this.gone[node] === 1) this.gone[node] = 0;
  }

  invoked(invocation: Invocation): void {
    if (invocation.invokedAt >= this.from && this.gone[invocation.node] === 0) this.open.add(invocation);
  }

  returned(invocation: Invocation, answer: Answer, now: Micros): void {
    if (!this.open.delete(invocation) || this.gone[invocation.node] !== 0) return;
    if (answer.kind === 'unknown' || answer.kind === 'refused' || now - invocation.invokedAt > SOON_US) this.unanswered++;
    else this.answered++;
  }

  finished(world: { readonly now: Micros }): void {
    this.close(world.now);
  }

  /** The end of a stretch: what was asked in time, and is open, is not answered. */
  private close(now: Micros): void {
    for (const { invokedAt, node } of this.open) if (now - invokedAt > SOON_US && this.gone[node] === 0) this.unanswered++;
    const all = this.answered + this.unanswered;
    if (all >= LEAST) {
      this.checks++;
      if (this.unanswered * ONE_IN > all) this.violated(now, [], `after a burst, ${this.unanswered} of ${all} operations on a quiet network were not answered within ${SOON_US} us`);
    }
    this.open.clear();
    this.answered = 0;
    this.unanswered = 0;
  }
}

export const goodput: Property = {
  id: 'goodput',
  claim: 'After a burst of requests, once all is quiet, nearly everything that clients ask is answered soon',
  kind: 'liveness',
  scope: 'global',
  watch: (run: RunView): Watch => new Goodput(run),
};
