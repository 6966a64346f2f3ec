// A client's operation is applied at most once for each time it was invoked, however often gateways retry it, and whatever
// crashes. Invocations are counted at the clients, applications in the committed log. Decisive are retries: a command sent
// again under its session, or found in the log a second time.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import { needEpoch, type GroupId, type NodeId, type ProposalId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import { ledgerOf, type Ledger } from './ledger.ts';
import { NeedTable } from './need-table.ts';
import type { ModelOutcome } from './register-model.ts';
import { registersOf, type Registers, type RegistersReader } from './registers.ts';
import { Verdicts } from './verdict.ts';

interface Tally {
  readonly proposal: ProposalId;
  invoked: number;
  applied: number;
  /** Where it was applied, the first few times. */
  readonly indices: number[];
}

/** Sessions of a group whose sent sequences are remembered. */
const MAX_SESSIONS = 1024;

class ExactlyOnce extends Verdicts implements RegistersReader {
  private readonly ledger: Ledger;
  private readonly registers: Registers;
  private readonly needs = new NeedTable<Tally[]>(() => []);
  /** By group: the highest sequence that was sent under a session. */
  private readonly submitted: Map<number, number>[] = [];

  constructor(run: RunView) {
    super('exactly-once', run);
    this.ledger = ledgerOf(run);
    this.registers = registersOf(run);
    this.registers.read(this);
    for (const group of run.parameters.groups) this.submitted[group.id] = new Map();
  }

  invoked(invocation: Invocation): void {
    const operation = invocation.operation;
    if (operation.kind !== 'decide') return;
    const tallies = this.needs.row(operation.need, needEpoch(operation.need));
    if (tallies !== undefined) tallyOf(tallies, operation.proposal).invoked++;
  }

  sent(frame: Frame, now: Micros): void {
    this.ledger.sent(frame, now);
    const message = frame.message;
    if (message.kind !== 'submit') return;
    const sessions = this.submitted[message.group];
    if (sessions === undefined) return;
    const sequence = sessions.get(message.session);
    if (sequence === undefined && sessions.size >= MAX_SESSIONS) sessions.clear();
    if (sequence === undefined || message.sequence > sequence) sessions.set(message.session, message.sequence);
    else this.checks++;
  }

  applied(group: GroupId, index: number, entry: Entry, outcome: ModelOutcome | undefined, now: Micros): void {
    const command = entry.command;
    if (command.kind === 'own') {
      if (command.body.kind === 'advance') this.needs.retireBelow(this.registers.forgotten - 1);
      return;
    }
    if (command.kind !== 'apply' || command.body.kind !== 'decide') return;
    if (outcome === undefined) {
      this.checks++;
      return;
    }
    const proposal = command.body.proposal;
    const tallies = this.needs.row(proposal.need, proposal.epoch);
    if (tallies === undefined) return;
    const tally = tallyOf(tallies, proposal.proposal);
    if (tally.indices.length < 4) tally.indices.push(index);
    if (++tally.applied > tally.invoked) this.tooOften(group, proposal.need, proposal.decider, tally, now);
  }

  private tooOften(group: GroupId, need: string, decider: NodeId, tally: Tally, now: Micros): void {
    this.violated(now, [decider], `a proposal that was invoked ${tally.invoked} times was applied ${tally.applied} times in group ${group}`, [
      `need ${need}, proposal "${tally.proposal}", from the gateway on node ${decider}`,
      `applied at indices ${tally.indices.join(', ')}`,
    ]);
  }
}

function tallyOf(tallies: Tally[], proposal: ProposalId): Tally {
  for (const tally of tallies) if (tally.proposal === proposal) return tally;
  const made: Tally = { proposal, invoked: 0, applied: 0, indices: [] };
  tallies.push(made);
  return made;
}

export const exactlyOnce: Property = {
  id: 'exactly-once',
  claim: 'An operation is applied at most once for each time a client invoked it',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => new ExactlyOnce(run),
};
