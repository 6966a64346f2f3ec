// At most one leader per group and term (Raft, 5.2), from the wire: who sends appends and snapshots, and who grants whom a
// vote. A voter grants one candidate per term, also across crashes; a leader was elected by a quorum; and no node's term ever
// goes back.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Damage } from './damage.ts';
import type { ElectionReader, Poll } from './elections.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class ElectionSafety extends Verdicts implements ElectionReader {
  private readonly damage: Damage;

  constructor(run: RunView, from: Reconstruction) {
    super('election-safety', run);
    this.damage = from.damage;
    from.elections.read(this);
  }

  led(frame: Frame, group: GroupId, term: number, poll: Poll, now: Micros): void {
    this.checks++;
    const { votes, quorum, won } = poll;
    if (!won) this.violated(now, [frame.from], `node ${frame.from} leads term ${term} of group ${group} with ${votes} votes, and needs ${quorum}`, [], frame.sequence);
  }

  twoLeaders(frame: Frame, group: GroupId, term: number, other: NodeId, now: Micros): void {
    this.violated(now, [frame.from, other], `two leaders in term ${term} of group ${group}: node ${other}, then node ${frame.from}`, [], frame.sequence);
  }

  votedTwice(frame: Frame, group: GroupId, term: number, first: NodeId, second: NodeId, now: Micros): void {
    this.violated(now, [frame.from], `node ${frame.from} voted twice in term ${term} of group ${group}: for node ${first}, then for node ${second}`, [], frame.sequence);
  }

  /** A node that was put back to an old copy has forgotten its terms; that it is not counted on is judged elsewhere. */
  wentBack(frame: Frame, group: GroupId, term: number, before: number, now: Micros): void {
    if (this.damage.isSuspect(frame.from)) return;
    this.violated(now, [frame.from], `node ${frame.from} spoke in term ${term} of group ${group}, after it had spoken in term ${before}`, [], frame.sequence);
  }
}

export const electionSafety: Property = {
  id: 'election-safety',
  claim: 'At most one leader per group and term, elected by a quorum whose members vote once',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new ElectionSafety(run, from)),
};
