// An effect that means "now" leaves now or never. A heartbeat (an empty append) says "I lead"; one that waited longer than
// the shortest election timeout must be dropped, not sent late. Its age is taken by the sender's own clock, from the stamp of
// the event that caused it. Clock and stamps may differ by a constant that only the sender knows, so ages are counted from
// the youngest append of the same start: what is called late here is late by any reading.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Journals } from './journals.ts';
import type { Append } from '../kernel/raft/message.ts';
import type { WireReader } from './wire.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class FreshEffects extends Verdicts implements WireReader {
  private readonly journals: Journals;
  private readonly limit: Micros;
  /** By node: the least (clock at sending - stamp of the cause) since it started. */
  private readonly least: Float64Array;

  constructor(run: RunView, from: Reconstruction) {
    super('fresh-effects', run);
    this.journals = from.journals;
    from.wire.read(this);
    this.limit = run.parameters.raft.electionMinUs;
    this.least = new Float64Array(run.parameters.nodes + 1).fill(Number.MAX_SAFE_INTEGER);
  }

  restarted(node: NodeId): void {
    this.least[node] = Number.MAX_SAFE_INTEGER;
  }

  appended(frame: Frame, message: Append, now: Micros, clock: Micros): void {
    const stamp = this.journals.stampOf(frame.from, frame.sequence);
    if (stamp < 0) return;
    const age = clock - stamp;
    const least = this.least[frame.from] as number;
    if (age < least) this.least[frame.from] = age;
    if (message.entries.length > 0) return;
    this.checks++;
    if (age - least <= this.limit) return;
    this.violated(now, [frame.from], `node ${frame.from} sent a heartbeat ${age - least} us after its cause; after ${this.limit} us it must be dropped`, [
      `group ${message.group}, term ${message.term}, to node ${frame.to}`,
    ], frame.sequence);
  }
}

export const freshEffects: Property = {
  id: 'fresh-effects',
  claim: 'An effect that means "now" is sent in time or not at all',
  kind: 'safety',
  scope: 'local',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new FreshEffects(run, from)),
};
