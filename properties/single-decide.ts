// P1. Every place where a proposal is shown as the decided one (answers leaving a node, answers on the wire, stored snapshots, the
// committed log, the state of a node at rest) must show the same one for the same need. Decisive are needs for which at least two proposals competed
// while a process was down or a partition stood.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import { nodeId, type GroupId, type NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Lookup, Outcome } from '../kernel/decide/command.ts';
import type { DecideRecord, Proposal } from '../kernel/decide/record.ts';
import type { Answer } from '../kernel/effect.ts';
import type { RequestId } from '../kernel/event.ts';
import type { Entry } from '../kernel/raft/entry.ts';
import type { ReadReply, SubmitReply } from '../kernel/raft/message.ts';
import type { ContentsReader, Stored } from './contents.ts';
import type { NeedRow, Needs, Place, Shown } from './needs.ts';
import type { ModelOutcome } from './register-model.ts';
import type { RegistersReader } from './registers.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import type { WireReader } from './wire.ts';
import { Verdicts } from './verdict.ts';

/** Faults that count as trouble, by their names. */
const TROUBLE = /partition|crash|kill|isolat|cut/;

class SingleDecide extends Verdicts implements RegistersReader, WireReader, ContentsReader {
  private readonly needs: Needs;
  /** Crashes and partitions so far, and those that last. */
  private begun = 0;
  private lasting = 0;
  private readonly down: Uint8Array;

  constructor(run: RunView, from: Reconstruction) {
    super('P1', run);
    this.needs = from.needs;
    from.registers.read(this);
    from.wire.read(this);
    from.contents.read(this);
    this.down = new Uint8Array(run.parameters.nodes + 1);
  }

  faultBegan(kind: string): void {
    if (TROUBLE.test(kind)) this.trouble();
  }

  faultEnded(kind: string): void {
    if (TROUBLE.test(kind)) this.lasting--;
  }

  crashed(node: NodeId): void {
    if (this.down[node] === 1) return;
    this.down[node] = 1;
    this.trouble();
  }

  restarted(node: NodeId): void {
    this.lasting -= this.down[node] as number;
    this.down[node] = 0;
  }

  private trouble(): void {
    this.begun++;
    this.lasting++;
  }

  invoked(invocation: Invocation): void {
    const operation = invocation.operation;
    if (operation.kind !== 'decide') return;
    const row = this.needs.rowFor(invocation);
    if (row === undefined) return;
    const shown = this.shownOf(row);
    if (shown.sought === undefined) shown.sought = operation.proposal;
    else if (shown.sought !== operation.proposal) shown.contested = true;
    this.count(shown);
  }

  replied(node: NodeId, _request: RequestId, answer: Answer, now: Micros): void {
    if (answer.kind === 'decided' || answer.kind === 'lost' || answer.kind === 'found') this.shown(answer.record.proposal, 'in an answer to a client', node, now);
  }

  holds(node: NodeId, record: DecideRecord, now: Micros): void {
    this.shown(record.proposal, 'in the state of a node', node, now);
  }

  answersDecide(frame: Frame, message: SubmitReply, now: Micros): void {
    this.outcome(message.outcome, frame.from, now);
  }

  answersRead(frame: Frame, message: ReadReply, now: Micros): void {
    this.outcome(message.lookup, frame.from, now);
  }

  stored({ node, snapshot }: Stored, now: Micros): void {
    for (const record of snapshot?.machine.records ?? []) this.shown(record.proposal, 'in a snapshot', node, now);
    for (const row of snapshot?.rows ?? []) for (const done of row.outcomes) this.outcome(done.outcome, node, now);
  }

  applied(_group: GroupId, _index: number, _entry: Entry, outcome: ModelOutcome | undefined, now: Micros): void {
    if (outcome?.record !== undefined) this.shown(outcome.record.proposal, 'in the committed log', nodeId(0), now);
  }

  private outcome(outcome: Outcome | Lookup, node: NodeId, now: Micros): void {
    if (outcome.kind === 'decided' || outcome.kind === 'lost' || outcome.kind === 'found') this.shown(outcome.record.proposal, 'on the wire', node, now);
  }

  private shownOf(row: NeedRow): Shown {
    const shown = row.shown;
    if (shown !== undefined) return shown;
    return (row.shown = { proposal: undefined, place: 'on the wire', node: nodeId(0), at: 0, sought: undefined, contested: false, troubles: this.begun - this.lasting });
  }

  private shown(proposal: Proposal, place: Place, node: NodeId, now: Micros): void {
    const row = this.needs.row(proposal.need, proposal.epoch);
    if (row === undefined) return;
    const shown = this.shownOf(row);
    if (shown.proposal === undefined) {
      shown.proposal = proposal.proposal;
      shown.place = place;
      shown.node = node;
      shown.at = now;
    } else if (shown.proposal !== proposal.proposal) this.twice(shown, proposal, place, node, now);
    this.count(shown);
  }

  private count(row: Shown): void {
    if (row.troubles < 0 || row.proposal === undefined || !row.contested || row.troubles === this.begun) return;
    row.troubles = -1;
    this.checks++;
  }

  private twice(row: Shown, proposal: Proposal, place: Place, node: NodeId, now: Micros): void {
    const nodes = [row.node, node].filter((one) => one > 0);
    this.violated(now, nodes, `two proposals were decided for one need: "${row.proposal}" ${row.place}, then "${proposal.proposal}" ${place}`, [
      `need ${proposal.need}`,
      `at ${row.at} us: proposal "${row.proposal}" ${row.place}${row.node > 0 ? ` from node ${row.node}` : ''}`,
      `at ${now} us: proposal "${proposal.proposal}" ${place}${node > 0 ? ` from node ${node}` : ''}`,
    ]);
  }
}

export const singleDecide: Property = {
  id: 'P1',
  claim: 'At most one proposal is ever decided for a need, over all nodes, epochs, crashes and partitions',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new SingleDecide(run, from)),
};
