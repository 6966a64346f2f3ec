// Whatever is committed in a term is in the log of every leader of a later term (Raft, 5.4). What is committed is counted from
// the followers' acknowledgements, not taken from a leader's word; and that word is checked too: no leader claims a commit,
// and nobody sends a snapshot, beyond what a quorum acknowledged.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { ElectionReader } from './elections.ts';
import type { Clash, Ledger, LedgerReader } from './ledger.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class LeaderCompleteness extends Verdicts implements LedgerReader, ElectionReader {
  private readonly ledger: Ledger;

  constructor(run: RunView, from: Reconstruction) {
    super('leader-completeness', run);
    this.ledger = from.ledger;
    this.ledger.read(this);
    from.elections.read(this);
  }

  /** Decisive are leaders that came after something was committed. */
  led(_frame: Frame, group: GroupId): void {
    if ((this.ledger.group(group)?.committed ?? 0) > 0) this.checks++;
  }

  contradicted(clash: Clash, now: Micros): void {
    const { group, index, frame, said, known } = clash;
    this.violated(now, [frame.from], says(clash), [
      `frame from node ${frame.from} to node ${frame.to}: ${frame.message.kind} of group ${group}`,
      `at index ${index} it says ${said}; known from the acknowledgements is ${known}`,
    ], frame.sequence);
  }
}

function says(clash: Clash): string {
  const { group, index, frame, said, known } = clash;
  if (clash.kind === 'commitClaim') return `node ${frame.from} says that index ${index} of group ${group} is committed; a quorum acknowledged up to ${known} only`;
  if (clash.kind === 'snapshot' && known === 0) return `node ${frame.from} sends a snapshot at index ${index} of group ${group}, which is not committed`;
  return `node ${frame.from} puts an entry of term ${said} at index ${index} of group ${group}, where one of term ${known} is committed`;
}

export const leaderCompleteness: Property = {
  id: 'leader-completeness',
  claim: 'Every leader holds everything that was committed before its term, and claims no commit that no quorum made',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new LeaderCompleteness(run, from)),
};
