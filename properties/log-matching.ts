// If two logs hold an entry with the same index and term, they hold the same entry, and the same one before it (Raft, 5.3);
// terms never fall along a log. Seen in every append that leaves a node.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { GroupId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import type { Clash, LedgerReader } from './ledger.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class LogMatching extends Verdicts implements LedgerReader {
  constructor(run: RunView, from: Reconstruction) {
    super('log-matching', run);
    from.ledger.read(this);
  }

  /** A committed entry was seen by the leader and at least one follower, whose logs were compared. */
  committed(_group: GroupId, _index: number, _entry: Entry): void {
    this.checks++;
  }

  mismatched(clash: Clash, now: Micros): void {
    this.violated(now, [clash.frame.from], says(clash), [], clash.frame.sequence);
  }
}

function says(clash: Clash): string {
  const where = `at index ${clash.index} of group ${clash.group}`;
  if (clash.kind === 'entry') return `two different entries of term ${clash.said} ${where}`;
  if (clash.kind === 'predecessor') return `one entry with two different predecessors ${where}: of term ${clash.known}, then of term ${clash.said}`;
  return `terms fall along a log ${where}: ${clash.said} after ${clash.known}`;
}

export const logMatching: Property = {
  id: 'log-matching',
  claim: 'Logs that agree on the index and term of an entry agree on it and on everything before it',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new LogMatching(run, from)),
};
