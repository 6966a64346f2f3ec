// The fold, a second time: a kernel of its own that is fed, from `boot` on, with what became durable on the node it shadows.
// At the end of a run that node's whole journal has been refolded, though no more than a batch of it was ever kept.

import { stir, type Stir } from '../loop-checks.ts';
import { Kernel } from '../../kernel/kernel.ts';
import type { Event } from '../../kernel/event.ts';
import type { KernelImage } from '../../kernel/image.ts';

export class Shadow {
  /** How many events it has refolded. */
  refolded = 0;
  /** False once an event stands in the journal before a deadline that was due (rule 3). */
  inTurn = true;
  private readonly kernel: Kernel;
  private stirred: Stir | undefined;

  /** `image`: where it begins, if not with `boot`. */
  constructor(image?: KernelImage) {
    this.kernel = image === undefined ? new Kernel() : Kernel.restore(image);
  }

  /** Refolds a batch; false if the digest after it is not the node's, or a due deadline was passed over. Batches that it has seen are passed over. */
  follow(events: readonly Event[], high: number, low: number): boolean {
    const kernel = this.kernel;
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as Event;
      if (event.sequence <= kernel.sequence) continue;
      if (kernel.nextDeadline() <= event.at && comesAfter(event.cause.kind)) this.inTurn = false;
      kernel.step(event);
      this.refolded++;
      if (this.stirred?.after === event.sequence) stir(kernel, this.stirred);
    }
    return this.agrees(kernel.sequence, high, low);
  }

  /** What it shadows is stirred: so will this be, as soon as it comes there. */
  stir(wanted: Stir): void {
    this.stirred = wanted;
    if (this.kernel.sequence === wanted.after) stir(this.kernel, wanted);
  }

  agrees(sequence: number, high: number, low: number): boolean {
    return this.inTurn && this.kernel.sequence === sequence && this.kernel.digestHigh === high && this.kernel.digestLow === low;
  }

  get sequence(): number {
    return this.kernel.sequence;
  }
}

/** A start comes before everything: what was due while the node was down is due after it. */
function comesAfter(kind: Event['cause']['kind']): boolean {
  return kind !== 'deadline' && kind !== 'recovered' && kind !== 'boot';
}
