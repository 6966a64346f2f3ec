// A node's own time never goes back along its journal, over restarts too, and no place of the journal is missing or doubled.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Event } from '../kernel/event.ts';
import type { JournalReader, Journals } from './journals.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class MonotonicTime extends Verdicts implements JournalReader {
  private readonly journals: Journals;

  constructor(run: RunView, from: Reconstruction) {
    super('monotonic-time', run);
    this.journals = from.journals;
    this.journals.read(this);
  }

  protected override get checks(): number {
    return this.journals.events;
  }

  disordered(node: NodeId, event: Event, expected: number, lastAt: Micros, now: Micros): void {
    const message =
      event.sequence !== expected
        ? `the journal of node ${node} goes on at place ${event.sequence} where ${expected} was to come`
        : `time went back on node ${node}: an event is stamped ${event.at} us, the one before it ${lastAt} us`;
    this.violated(now, [node], message, [`event ${event.sequence}: ${event.cause.kind}`], event.sequence);
  }
}

export const monotonicTime: Property = {
  id: 'monotonic-time',
  claim: 'Time never goes back along a journal, and no place of it is missing',
  kind: 'safety',
  scope: 'local',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new MonotonicTime(run, from)),
};
