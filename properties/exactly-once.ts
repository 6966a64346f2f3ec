// A client's operation is applied at most once for each time it was invoked, however often gateways retry it, and whatever
// crashes. Invocations are counted at the clients, applications in the committed log. Decisive are retries: a command sent
// again under its session, or found in the log a second time.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId, ProposalId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import type { NeedRow, Needs, Tally } from './needs.ts';
import type { ModelOutcome } from './register-model.ts';
import type { RegistersReader } from './registers.ts';
import type { Submit } from '../kernel/raft/message.ts';
import type { WireReader } from './wire.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

/** Sessions of a group whose sent sequences are remembered. */
const MAX_SESSIONS = 1024;

class ExactlyOnce extends Verdicts implements RegistersReader, WireReader {
  private readonly needs: Needs;
  /** By group: the highest sequence that was sent under a session. */
  private readonly submitted: Map<number, number>[] = [];

  constructor(run: RunView, from: Reconstruction) {
    super('exactly-once', run);
    this.needs = from.needs;
    from.registers.read(this);
    from.wire.read(this);
    for (const group of run.parameters.groups) this.submitted[group.id] = new Map();
  }

  invoked(invocation: Invocation): void {
    const operation = invocation.operation;
    if (operation.kind !== 'decide') return;
    const row = this.needs.rowFor(invocation);
    if (row !== undefined) tallyOf(row, operation.proposal).invoked++;
  }

  asksDecide(_frame: Frame, message: Submit): void {
    const sessions = this.submitted[message.group];
    if (sessions === undefined) return;
    const sequence = sessions.get(message.session);
    if (sequence === undefined && sessions.size >= MAX_SESSIONS) sessions.clear();
    if (sequence === undefined || message.sequence > sequence) sessions.set(message.session, message.sequence);
    else this.checks++;
  }

  applied(group: GroupId, index: number, entry: Entry, outcome: ModelOutcome | undefined, now: Micros): void {
    const command = entry.command;
    if (command.kind !== 'apply' || command.body.kind !== 'decide') return;
    if (outcome === undefined) {
      this.checks++;
      return;
    }
    const proposal = command.body.proposal;
    const row = this.needs.row(proposal.need, proposal.epoch);
    if (row === undefined) return;
    const tally = tallyOf(row, proposal.proposal);
    if (tally.applied === 0) tally.firstIndex = index;
    tally.lastIndex = index;
    if (++tally.applied > tally.invoked) this.tooOften(group, proposal.need, proposal.decider, tally, now);
  }

  private tooOften(group: GroupId, need: string, decider: NodeId, tally: Tally, now: Micros): void {
    this.violated(now, [decider], `a proposal that was invoked ${tally.invoked} times was applied ${tally.applied} times in group ${group}`, [
      `need ${need}, proposal "${tally.proposal}", from the gateway on node ${decider}`,
      `applied at index ${tally.firstIndex}, and again at index ${tally.lastIndex}`,
    ]);
  }
}

function tallyOf(row: NeedRow, proposal: ProposalId): Tally {
  for (let tally = row.tallies; tally !== undefined; tally = tally.next) if (tally.proposal === proposal) return tally;
  return (row.tallies = { next: row.tallies, proposal, invoked: 0, applied: 0, firstIndex: 0, lastIndex: 0 });
}

export const exactlyOnce: Property = {
  id: 'exactly-once',
  claim: 'An operation is applied at most once for each time a client invoked it',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new ExactlyOnce(run, from)),
};
