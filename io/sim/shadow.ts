// The fold, a second time: a kernel of its own that is fed, from `boot` on, with what became durable on the node it shadows.
// At the end of a run that node's whole journal has been refolded, though no more than a batch of it was ever kept. On the way
// it is rebuilt from its own bytes several times, and a sample of what it is fed is: neither may make a difference.

import { assert } from '../../kernel/base/assert.ts';
import { eventPassed, holdsTheSame, kernelPassed, kernelRebuilt, stir, type Stir } from '../loop-checks.ts';
import { Kernel } from '../../kernel/kernel.ts';
import type { Event } from '../../kernel/event.ts';
import type { KernelImage } from '../../kernel/image.ts';
import { Samples } from './samples.ts';

/** It is rebuilt after so many events, and then whenever it has seen twice as many; every third time from bytes. */
const FIRST_REBUILT = 12;
const FROM_BYTES = 3;

export class Shadow {
  /** How many events it has refolded. */
  refolded = 0;
  /** False once an event stands in the journal before a deadline that was due (rule 3). */
  inTurn = true;
  private kernel: Kernel;
  private rebuiltAfter = FIRST_REBUILT;
  private rebuilds = 0;
  private readonly samples: Samples = new Samples();
  private stirred: Stir | undefined;

  /** `image`: where it begins, if not with `boot`. */
  constructor(image?: KernelImage) {
    this.kernel = image === undefined ? new Kernel() : Kernel.restore(image);
  }

  /** Refolds a batch; false if the digest after it is not the node's, or a due deadline was passed over. Batches that it has seen are passed over. */
  follow(events: readonly Event[], high: number, low: number): boolean {
    const { kernel } = this;
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as Event;
      if (event.sequence <= kernel.sequence) continue;
      if (kernel.nextDeadline() <= event.at && comesAfter(event.cause.kind)) this.inTurn = false;
      if (this.samples.takes(event.cause.kind)) assert(holdsTheSame(eventPassed(event), event), 'the bytes of an event hold all of it');
      kernel.step(event);
      this.refolded++;
      if (this.stirred?.after === event.sequence) stir(kernel, this.stirred);
    }
    if (this.refolded >= this.rebuiltAfter) this.rebuild();
    return this.agrees(this.kernel.sequence, high, low);
  }

  private rebuild(): void {
    this.rebuiltAfter = 2 * this.refolded;
    this.kernel = this.rebuilds++ % FROM_BYTES === 0 ? kernelPassed(this.kernel) : kernelRebuilt(this.kernel);
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
